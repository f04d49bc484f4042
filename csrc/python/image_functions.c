/* image_functions.c - the module's functions on arrays of images: resample. */
#include "arrays.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/threads.h"
#include "module_state.h"

enum { IMAGES, LINES, COLUMNS, CHANNELS, AXES };

/* What one call works on. */
typedef struct work {
    const fcnn_kernels *kernels;
    fcnn_array x;
    fcnn_resampling how;
    const float *transforms; /* (images, 8), or where one_for_all (1, 8) */
    int one_for_all;
    float *y;
    float *scratch; /* of each worker */
} work;

static size_t image_size(const fcnn_resampling *how) { return how->height * how->width * how->channels; }

static void resample_image(void *context, size_t index, size_t worker)
{
    const work *self = context;
    float *y = self->y + index * image_size(&self->how);
    fcnn_array_read_row(&self->x, self->kernels, index, y);
    self->kernels->resample(&self->how, self->transforms + (self->one_for_all ? 0 : 8 * index), y,
                            self->scratch + worker * fcnn_resampling_scratch(&self->how), y);
}

/* For "O&". */
static int to_fill(PyObject *object, void *fill)
{
    static const char *const names[] = {"constant", "nearest", "reflect", "wrap"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (PyUnicode_Check(object) && PyUnicode_CompareWithASCIIString(object, names[i]) == 0) {
            *(fcnn_fill *)fill = (fcnn_fill)i;
            return 1;
        }
    PyErr_Format(PyExc_ValueError, "fill_mode must be 'constant', 'nearest', 'reflect' or 'wrap', got %R", object);
    return 0;
}

static int is_plain(const fcnn_array *array, PyObject *object, size_t rank)
{
    return array->dtype == FCNN_FLOAT32 && array->rank == rank && PyArray_ISCARRAY((PyArrayObject *)object);
}

/* Whether the three arrays belong together; else sets ValueError. */
static int fits(const work *self, const fcnn_array *transforms, PyObject *transforms_object, const fcnn_array *y,
                PyObject *y_object)
{
    if (self->x.rank != AXES || !is_plain(y, y_object, AXES) ||
        memcmp(self->x.extent, y->extent, AXES * sizeof *y->extent) != 0) {
        PyErr_SetString(PyExc_ValueError,
                        "x must have 4 axes, and y must be of its shape, float32, C-contiguous and writable");
        return 0;
    }
    if (!is_plain(transforms, transforms_object, 2) || transforms->extent[1] != 8 ||
        (transforms->extent[0] != 1 && transforms->extent[0] != self->x.extent[IMAGES])) {
        PyErr_SetString(PyExc_ValueError, "transforms must be (1 or as many as images, 8), float32 and C-contiguous");
        return 0;
    }
    return 1;
}

static PyObject *resample(PyObject *module, PyObject *arguments, PyObject *keywords)
{
    const fcnn_module_state *state = PyModule_GetState(module);
    static char *names[] = {"x", "transforms", "y", "fill_mode", "fill_value", "bilinear", NULL};
    PyObject *x_object, *transforms_object, *y_object;
    fcnn_array transforms, y;
    work self = {.kernels = state->kernels};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OOOO&fp:resample", names, &x_object, &transforms_object,
                                     &y_object, to_fill, &self.how.fill, &self.how.value, &self.how.bilinear) ||
        fcnn_array_from_python(x_object, "x", &self.x) < 0 ||
        fcnn_array_from_python(transforms_object, "transforms", &transforms) < 0 ||
        fcnn_array_from_python(y_object, "y", &y) < 0 || !fits(&self, &transforms, transforms_object, &y, y_object))
        return NULL;
    self.how.height = y.extent[LINES];
    self.how.width = y.extent[COLUMNS];
    self.how.channels = y.extent[CHANNELS];
    self.transforms = (const float *)(const void *)transforms.data;
    self.one_for_all = transforms.extent[0] == 1;
    self.y = PyArray_DATA((PyArrayObject *)y_object);
    if (!fcnn_resampling_fits(&self.how))
        return PyErr_Format(PyExc_ValueError, "images of %zux%zux%zu are too large", self.how.height, self.how.width,
                            self.how.channels);
    for (size_t i = 0; i < 8 * transforms.extent[0]; i++)
        if (!isfinite(self.transforms[i]))
            return PyErr_Format(PyExc_ValueError, "transforms must be finite");
    if (image_size(&self.how) == 0)
        Py_RETURN_NONE;
    const size_t threads = fcnn_threads_get();
    fcnn_error error = {0};
    void *scratch;
    if (fcnn_allocate(&scratch, threads * fcnn_resampling_scratch(&self.how), sizeof(float), "images", &error) !=
        FCNN_OK)
        return PyErr_NoMemory();
    self.scratch = scratch;
    Py_BEGIN_ALLOW_THREADS
    fcnn_parallel_for(y.extent[IMAGES], threads, resample_image, &self);
    Py_END_ALLOW_THREADS
    fcnn_release(scratch);
    Py_RETURN_NONE;
}

PyMethodDef fcnn_image_functions[] = {
    {"resample", (PyCFunction)(void (*)(void))resample, METH_VARARGS | METH_KEYWORDS,
     "Images seen through projective transforms."},
    {0},
};
