/* frame.c - puts images into borders, and takes them out. */
#include "frame.h"

#include <string.h>

int fcnn_frame_is_padded(const fcnn_frame *frame)
{
    return frame->height > frame->lines || frame->width > frame->columns;
}

size_t fcnn_frame_size(const fcnn_frame *frame) { return frame->height * frame->width * frame->channels; }

void fcnn_frame_add(const fcnn_frame *frame, const float *x, float *framed)
{
    const size_t line = frame->columns * frame->channels, framed_line = frame->width * frame->channels;
    const size_t left = frame->left * frame->channels;
    memset(framed, 0, frame->top * framed_line * sizeof(float));
    float *to = framed + frame->top * framed_line;
    for (size_t i = 0; i < frame->lines; i++, to += framed_line) {
        memset(to, 0, left * sizeof(float));
        memcpy(to + left, x + i * line, line * sizeof(float));
        memset(to + left + line, 0, (framed_line - left - line) * sizeof(float));
    }
    memset(to, 0, (frame->height - frame->top - frame->lines) * framed_line * sizeof(float));
}

void fcnn_frame_remove(const fcnn_frame *frame, const float *framed, float *x)
{
    const size_t line = frame->columns * frame->channels, framed_line = frame->width * frame->channels;
    for (size_t i = 0; i < frame->lines; i++)
        memcpy(x + i * line, framed + (frame->top + i) * framed_line + frame->left * frame->channels,
               line * sizeof(float));
}
