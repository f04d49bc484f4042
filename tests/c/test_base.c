/* test_base.c - the ground floor: errors, memory, shapes, attributes, random numbers, CPU. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/shape.h"
#include "check.h"

static void test_a_failure_fills_the_error_and_a_long_message_is_cut(void)
{
    fcnn_error error;
    char text[1000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error.system_errno = 5;
    CHECK(fcnn_fail(&error, FCNN_E_SHAPE, "%d and %s", 7, text) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "7 and aaaa");
    CHECK(strlen(error.message) == sizeof error.message - 1);
    CHECK(error.system_errno == 0);
}

static int all_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return 0;
    return 1;
}

/* Memory that the next allocations will be given, full of ones. */
static void soil_the_heap(void)
{
    enum { BLOCKS = 64, SIZE = 4000 };
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(SIZE);
        memset(blocks[i], 255, SIZE);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void test_blocks_are_aligned_and_zeroed(void)
{
    fcnn_error error;
    soil_the_heap();
    const size_t counts[] = {0, 1, 63, 64, 65, 10000, 100000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        void *block = NULL;
        CHECK(fcnn_allocate(&block, counts[i], 4, "a test", &error) == FCNN_OK);
        CHECK(block != NULL && (uintptr_t)block % FCNN_ALIGNMENT == 0);
        CHECK(all_zero(block, counts[i] * 4));
        memset(block, 255, counts[i] * 4);
        fcnn_release(block);
    }
    fcnn_release(NULL);
}

static void test_sizes_that_overflow_are_refused(void)
{
    fcnn_error error;
    void *block = &error;
    CHECK(fcnn_allocate(&block, SIZE_MAX / 4 + 2, 4, "a test", &error) == FCNN_E_MEMORY);
    CHECK(block == NULL);
    CHECK_ERROR(error, FCNN_E_MEMORY, "elements of 4 bytes for a test");
    CHECK(fcnn_allocate(&block, SIZE_MAX, 1, "a test", &error) == FCNN_E_MEMORY);
    CHECK(fcnn_allocate(&block, SIZE_MAX, 0, "a test", &error) == FCNN_OK);
    fcnn_release(block);
}

static void test_injected_failures_begin_after_the_given_number(void)
{
    fcnn_error error;
    void *first, *second, *third;
    fcnn_memory_fail_after(1);
    CHECK(fcnn_allocate(&first, 1, 8, "first", &error) == FCNN_OK);
    CHECK(fcnn_allocate(&second, 1, 8, "second", &error) == FCNN_E_MEMORY);
    CHECK(second == NULL);
    CHECK_ERROR(error, FCNN_E_MEMORY, "8 bytes for second");
    CHECK(fcnn_allocate(&third, 1, 8, "third", &error) == FCNN_E_MEMORY);
    fcnn_memory_fail_after(-1);
    CHECK(fcnn_allocate(&third, 1, 8, "third", &error) == FCNN_OK);
    fcnn_release(first);
    fcnn_release(third);
}

static void test_shapes(void)
{
    fcnn_error error;
    char text[64];
    const fcnn_shape image = {3, {26, 26, 32}}, vector = {1, {10}}, scalar = {0, {0}}, empty = {2, {3, 0}};
    const fcnn_shape largest = {2, {1u << 20, 1u << 20}}, larger = {3, {1u << 20, 1u << 20, 2}};
    CHECK(fcnn_shape_size(&image) == 26 * 26 * 32);
    CHECK(fcnn_shape_size(&scalar) == 1);
    CHECK(fcnn_shape_equal(&image, &image));
    CHECK(!fcnn_shape_equal(&image, &vector));
    CHECK(!fcnn_shape_equal(&vector, &(fcnn_shape){1, {11}}));
    CHECK(strcmp(fcnn_shape_text(&image, text, sizeof text), "(26, 26, 32)") == 0);
    CHECK(strcmp(fcnn_shape_text(&vector, text, sizeof text), "(10,)") == 0);
    CHECK(strcmp(fcnn_shape_text(&scalar, text, sizeof text), "()") == 0);
    CHECK(strcmp(fcnn_shape_text(&image, text, 6), "(26, ") == 0);
    CHECK(fcnn_shape_check(&image, "x", &error) == FCNN_OK);
    CHECK(fcnn_shape_check(&largest, "x", &error) == FCNN_OK);
    CHECK(fcnn_shape_check(&larger, "x", &error) == FCNN_E_SHAPE);
    CHECK(fcnn_shape_check(&(fcnn_shape){3, {SIZE_MAX, SIZE_MAX, 2}}, "x", &error) == FCNN_E_SHAPE);
    CHECK(fcnn_shape_check(&empty, "the output", &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "the output has the shape (3, 0)");
}

static void test_attributes_are_read_strictly(void)
{
    const fcnn_attribute items[] = {
        {.name = "units", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 1, .integers = {10}, .number = 10},
        {.name = "strides", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 2, .integers = {2, 3}},
        {.name = "negative", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 1, .integers = {-1}, .number = -1},
        {.name = "rate", .kind = FCNN_ATTRIBUTE_NUMBER, .number = 0.5},
        {.name = "broken", .kind = FCNN_ATTRIBUTE_NUMBER, .number = NAN},
        {.name = "padding", .kind = FCNN_ATTRIBUTE_TEXT, .text = "same"},
    };
    const fcnn_attributes given = {items, sizeof items / sizeof *items};
    const char *const paddings[] = {"valid", "same"};
    const char *const names[] = {"units", "strides", "negative", "rate", "broken", NULL};
    fcnn_error error;
    size_t sizes[3] = {0}, index = 9;
    double number = 0;
    const char *text = NULL;

    CHECK(fcnn_attributes_has(&given, "units") && !fcnn_attributes_has(&given, "unit"));

    CHECK(fcnn_attributes_sizes(&given, "strides", 1, 9, sizes, 2, &error) == FCNN_OK);
    CHECK(sizes[0] == 2 && sizes[1] == 3);
    CHECK(fcnn_attributes_sizes(&given, "units", 1, 10, sizes, 2, &error) == FCNN_OK);
    CHECK(sizes[0] == 10 && sizes[1] == 10);
    CHECK(fcnn_attributes_sizes(&given, "units", 1, 9, sizes, 1, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`units` is 10; it must be at least 1 and at most 9");
    CHECK(fcnn_attributes_sizes(&given, "negative", 0, SIZE_MAX, sizes, 1, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`negative` is -1; it must be at least 0");
    CHECK(fcnn_attributes_sizes(&given, "strides", 1, 9, sizes, 3, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`strides` has 2 integers; expected 3");
    CHECK(fcnn_attributes_sizes(&given, "rate", 1, 9, sizes, 1, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`rate` is a number; expected an integer");
    CHECK(fcnn_attributes_sizes(&given, "absent", 1, 9, sizes, 1, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`absent` is missing");

    CHECK(fcnn_attributes_number(&given, "rate", 0, 1, &number, &error) == FCNN_OK && number == 0.5);
    CHECK(fcnn_attributes_number(&given, "units", 0, 10, &number, &error) == FCNN_OK && number == 10);
    CHECK(fcnn_attributes_number(&given, "rate", 0.6, 1, &number, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`rate` is 0.5; it must be from 0.6 to 1");
    CHECK(fcnn_attributes_number(&given, "broken", 0, 1, &number, &error) == FCNN_E_ARGUMENT);
    CHECK(fcnn_attributes_number(&given, "strides", 0, 1, &number, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`strides` is a tuple of integers; expected a number");
    CHECK(fcnn_attributes_number(&given, "padding", 0, 1, &number, &error) == FCNN_E_ARGUMENT);

    CHECK(fcnn_attributes_text(&given, "padding", &text, &error) == FCNN_OK && strcmp(text, "same") == 0);
    CHECK(fcnn_attributes_text(&given, "units", &text, &error) == FCNN_E_ARGUMENT);
    CHECK(fcnn_attributes_choice(&given, "padding", paddings, 2, &index, &error) == FCNN_OK && index == 1);
    CHECK(fcnn_attributes_choice(&given, "padding", paddings, 1, &index, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`padding` is 'same'; expected one of 'valid'");

    CHECK(fcnn_attributes_expect(&given, names, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`padding` is not known");
    CHECK(fcnn_attributes_expect(&(fcnn_attributes){items, 5}, names, &error) == FCNN_OK);
}

/* The known answers published with the generator (Random123, kat_vectors, "philox4x32 10"). */
static void test_philox_gives_the_published_answers(void)
{
    static const struct {
        uint64_t key, high, low;
        uint32_t answer[4];
    } cases[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t out[4];
        fcnn_philox(cases[i].key, cases[i].high, cases[i].low, out);
        CHECK(memcmp(out, cases[i].answer, sizeof out) == 0);
    }
}

enum { DRAWS = 100000 };

static void moments(const float *values, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < DRAWS; i++)
        sum += values[i];
    *mean = sum / DRAWS;
    for (size_t i = 0; i < DRAWS; i++)
        squares += (values[i] - *mean) * (values[i] - *mean);
    *deviation = sqrt(squares / DRAWS);
}

static int all_within(const float *values, float low, float high)
{
    for (size_t i = 0; i < DRAWS; i++)
        if (!(values[i] >= low && values[i] < high))
            return 0;
    return 1;
}

static void test_uniform_and_normal_numbers_have_their_moments(void)
{
    float *values = malloc(DRAWS * sizeof *values);
    double mean, deviation;

    fcnn_random_uniform(values, DRAWS, 1, 2, -1, 3);
    moments(values, &mean, &deviation);
    CHECK(all_within(values, -1, 3));
    CHECK(fabs(mean - 1) < 0.02 && fabs(deviation - 4 / sqrt(12)) < 0.02);

    const float next_above_1 = nextafterf(1, 2);
    fcnn_random_uniform(values, DRAWS, 1, 2, 1, next_above_1);
    CHECK(all_within(values, 1, next_above_1));

    fcnn_random_normal(values, DRAWS, 1, 2, 5, 2, 0);
    moments(values, &mean, &deviation);
    CHECK(fabs(mean - 5) < 0.03 && fabs(deviation - 2) < 0.03);
    CHECK(!all_within(values, 5 - 7, 5 + 7));

    fcnn_random_normal(values, DRAWS, 1, 2, 5, 2, 1);
    moments(values, &mean, &deviation);
    CHECK(all_within(values, 5 - 4, 5 + 4.0001f));
    const double deviation_within_2 = 0.87962566; /* sqrt(1 - 4 phi(2) / (Phi(2) - Phi(-2))) */
    CHECK(fabs(mean - 5) < 0.03 && fabs(deviation - 2 * deviation_within_2) < 0.03);
    free(values);
}

static void test_streams_and_seeds_differ_and_repeat(void)
{
    float a[8], b[8];
    fcnn_random_uniform(a, 8, 1, 0, 0, 1);
    fcnn_random_uniform(b, 5, 1, 0, 0, 1);
    CHECK(memcmp(a, b, 5 * sizeof *a) == 0);
    fcnn_random_uniform(b, 8, 1, 1, 0, 1);
    CHECK(memcmp(a, b, sizeof a) != 0);
    fcnn_random_uniform(b, 8, 2, 0, 0, 1);
    CHECK(memcmp(a, b, sizeof a) != 0);
}

static void test_permutations_contain_every_number_once_and_all_orders_are_equally_likely(void)
{
    enum { COUNT = 1000, TRIALS = 6000 };
    int64_t order[COUNT];
    char seen[COUNT] = {0};
    fcnn_random_permutation(order, COUNT, 7, 0);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(order[i] >= 0 && order[i] < COUNT && !seen[order[i]]);
        seen[order[i]] = 1;
    }

    int tally[27] = {0};
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        fcnn_random_permutation(order, 3, 7, trial);
        tally[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    int kinds = 0;
    for (size_t i = 0; i < 27; i++)
        if (tally[i]) {
            kinds++;
            CHECK(abs(tally[i] - TRIALS / 6) < 150);
        }
    CHECK(kinds == 6);

    fcnn_random_permutation(order, 0, 7, 0);
    fcnn_random_permutation(order, 1, 7, 0);
    CHECK(order[0] == 0);
}

static void test_instruction_sets_are_selected_by_name_or_refused(void)
{
    fcnn_error error;
    fcnn_isa best, isa;
    char text[256], cut[8];
    CHECK(fcnn_isa_select(NULL, &best, &error) == FCNN_OK);
    CHECK(fcnn_isa_available(best) && best != FCNN_ISA_REFERENCE);
    CHECK(fcnn_isa_select("", &isa, &error) == FCNN_OK && isa == best);
    for (int i = 0; i < FCNN_ISA_COUNT; i++) {
        const fcnn_status status = fcnn_isa_select(fcnn_isa_name((fcnn_isa)i), &isa, &error);
        CHECK(fcnn_isa_available((fcnn_isa)i) ? status == FCNN_OK && isa == (fcnn_isa)i : status == FCNN_E_ARGUMENT);
    }
    CHECK(fcnn_isa_select("mmx", &isa, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "FASHIONCNN_CPU is 'mmx'");
    CHECK_ERROR(error, FCNN_E_ARGUMENT, fcnn_isa_name(best));

    fcnn_cpu_describe(text, sizeof text);
    CHECK(strlen(text) > 0);
    fcnn_cpu_describe(cut, sizeof cut);
    CHECK(strlen(cut) < sizeof cut && strncmp(cut, text, strlen(cut)) == 0);
}

int main(void)
{
    test_a_failure_fills_the_error_and_a_long_message_is_cut();
    test_blocks_are_aligned_and_zeroed();
    test_sizes_that_overflow_are_refused();
    test_injected_failures_begin_after_the_given_number();
    test_shapes();
    test_attributes_are_read_strictly();
    test_philox_gives_the_published_answers();
    test_uniform_and_normal_numbers_have_their_moments();
    test_streams_and_seeds_differ_and_repeat();
    test_permutations_contain_every_number_once_and_all_orders_are_equally_likely();
    test_instruction_sets_are_selected_by_name_or_refused();
    return check_report();
}
