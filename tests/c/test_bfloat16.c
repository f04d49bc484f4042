/* test_bfloat16.c - factors rounded to bfloat16: how they are rounded and packed, products of them by every unit that
 * this machine has, and the layers that pack all images of a block beside the same layers image by image. */
#include "base/bfloat16_unit.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "describe.h"
#include "kernels/bfloat16.h"
#include "layers/layer.h"
#include "products.h"

static const size_t extents[] = {1, 2, 15, 16, 17, 31, 32, 33, 50, 64, 100};

/* ---- all builds ---- */

typedef struct build {
    const fcnn_bfloat16 *kernels;
    const char *isa, *unit;
    int plain;
} build;

enum { MOST_BUILDS = 8 };

/* Those of this machine, the reference first. */
static size_t find_builds(build builds[MOST_BUILDS])
{
    size_t count = 0;
    for (fcnn_isa isa = FCNN_ISA_REFERENCE; isa < FCNN_ISA_COUNT; isa++)
        for (fcnn_unit unit = FCNN_UNIT_PLAIN; unit < FCNN_UNIT_COUNT; unit++)
            if (fcnn_isa_available(isa) && fcnn_unit_available(unit) &&
                (unit == FCNN_UNIT_PLAIN || isa == FCNN_ISA_AVX512))
                builds[count++] = (build){fcnn_bfloat16_for(isa, unit), fcnn_isa_name(isa), fcnn_unit_name(unit),
                                          unit == FCNN_UNIT_PLAIN && isa != FCNN_ISA_REFERENCE};
    return count;
}

static uint32_t *words(float *memory) { return (uint32_t *)(void *)memory; }

/* ---- rounding and packing ---- */

static size_t lines_of(fcnn_factor factor, size_t rows, size_t columns)
{
    return factor == FCNN_FACTOR_A || factor == FCNN_FACTOR_B_TRANSPOSED ? rows : columns;
}

static size_t terms_of(fcnn_factor factor, size_t rows, size_t columns)
{
    return rows + columns - lines_of(factor, rows, columns);
}

static size_t factor_size(size_t lines, size_t terms) { return fcnn_tiles(lines) * fcnn_tiles_deep(terms) * FCNN_TILE; }

static void pack(const build *by, fcnn_factor factor, size_t rows, size_t columns, const float *x, result *to)
{
    const fcnn_patches matrix = fcnn_patches_of_rows(rows, columns + 3, columns);
    const size_t lines = lines_of(factor, rows, columns), terms = terms_of(factor, rows, columns);
    float *tiles = new_array(to, factor_size(lines, terms), 0);
    memset(tiles, 0x11, factor_size(lines, terms) * sizeof *tiles);
    by->kernels->pack(&matrix, x, columns, factor, fcnn_tiles_deep(terms), words(tiles));
}

static void test_packing(void)
{
    build builds[MOST_BUILDS];
    const size_t count = find_builds(builds);
    for (size_t r = 0; r < LENGTH(extents); r++)
        for (size_t c = 0; c < LENGTH(extents); c += EVERY)
            for (fcnn_factor factor = FCNN_FACTOR_A; factor <= FCNN_FACTOR_B_TRANSPOSED; factor++) {
                const size_t rows = extents[r], columns = extents[c];
                float *x = new_batch(rows, columns + 3, columns, 5);
                result expected = {0};
                pack(&builds[0], factor, rows, columns, x, &expected);
                for (size_t b = 1; b < count; b++) {
                    result actual = {0};
                    char text[200];
                    pack(&builds[b], factor, rows, columns, x, &actual);
                    snprintf(text, sizeof text, "%s, %s packs %zux%zu as %d", builds[b].isa, builds[b].unit, rows,
                             columns, (int)factor);
                    check_that(all_agree(&actual, &expected, 0), text, __FILE__, __LINE__);
                    release(&actual);
                }
                release(&expected);
                free(x);
            }
}

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* What single numbers are rounded to. */
static void test_rounding(void)
{
    static const struct {
        uint32_t x, rounded;
    } cases[] = {
        {0x3f800000, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81}, /* ties go to the even one, */
        {0x3f818000, 0x3f82}, {0x3f817fff, 0x3f81}, {0xbf818000, 0xbf82}, /* up or down, whatever the sign */
        {0x00000000, 0x0000}, {0x80000000, 0x8000}, {0x7f800000, 0x7f80},
        {0xff800000, 0xff80}, {0x7f7fffff, 0x7f80}, /* what is too large is infinite */
    };
    build builds[MOST_BUILDS];
    const size_t count = find_builds(builds);
    const fcnn_patches one = fcnn_patches_of_rows(1, 1, 1);
    for (size_t b = 0; b < count; b++) {
        uint32_t tile[FCNN_TILE];
        for (size_t i = 0; i < LENGTH(cases); i++) {
            const float x = from_bits(cases[i].x);
            builds[b].kernels->pack(&one, &x, 1, FCNN_FACTOR_A, 1, tile);
            check_that(tile[0] == cases[i].rounded, builds[b].unit, __FILE__, __LINE__);
        }
        for (size_t i = 0; i < 2; i++) { /* a NaN whose upper half is that of infinity, and one that would overflow */
            const float x = from_bits(i ? 0x7fffffff : 0x7f800001);
            builds[b].kernels->pack(&one, &x, 1, FCNN_FACTOR_A, 1, tile);
            CHECK(isnan(from_bits(tile[0] << 16)));
        }
    }
}

/* ---- products ---- */

typedef struct product_case {
    size_t rows, columns, terms;
    int bias, accumulate;
} product_case;

static void multiply(const build *by, const product_case *c, size_t rows, size_t columns, result *to)
{
    const size_t depth = fcnn_tiles_deep(c->terms), ldc = c->columns + 5;
    const fcnn_patches a = fcnn_patches_of_rows(c->rows, c->terms, c->terms),
                       b = fcnn_patches_of_rows(c->terms, c->columns, c->columns);
    float *x = new_input(c->rows * c->terms, 1), *w = new_input(c->terms * c->columns, 2),
          *bias = new_input(c->columns, 3), *start = new_input(c->rows * ldc, 4);
    uint32_t *left = aligned_alloc(64, factor_size(c->rows, c->terms) * 4),
             *right = aligned_alloc(64, factor_size(c->columns, c->terms) * 4);
    by->kernels->pack(&a, x, c->terms, FCNN_FACTOR_A, depth, left);
    by->kernels->pack(&b, w, c->columns, FCNN_FACTOR_B, depth, right);
    float *y = new_output(to, c->rows * ldc);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; c->accumulate && o < columns; o++)
            y[r * ldc + o] = start[r * ldc + o];
    by->kernels->multiply(&(fcnn_product){.rows = rows,
                                          .columns = columns,
                                          .depth = depth,
                                          .a = left,
                                          .b = right,
                                          .bias = c->bias ? bias : NULL,
                                          .accumulate = c->accumulate,
                                          .c = y,
                                          .ldc = ldc});
    free(x);
    free(w);
    free(bias);
    free(start);
    free(left);
    free(right);
}

/* Whether fewer rows and columns give the same numbers. */
static int is_part_of(const result *part, const result *whole)
{
    const int32_t canary = CANARY;
    const float *some = part->array[0].memory, *all = whole->array[0].memory;
    for (size_t i = 0; i < part->array[0].count; i++)
        if (memcmp(&some[i], &canary, sizeof canary) != 0 && memcmp(&some[i], &all[i], sizeof *some) != 0)
            return 0;
    return 1;
}

static void check_product(const build *builds, size_t count, const product_case *c)
{
    for (kind = USUAL; kind < TINY; kind++) {
        result expected = {0}, plain = {0};
        multiply(&builds[0], c, c->rows, c->columns, &expected);
        for (size_t b = 1; b < count; b++) {
            result actual = {0}, part = {0};
            char text[200];
            snprintf(text, sizeof text, "%s, %s, %s: %zux%zu, %zu terms, bias %d, accumulate %d", builds[b].isa,
                     builds[b].unit, NUMBER_NAMES[kind], c->rows, c->columns, c->terms, c->bias, c->accumulate);
            multiply(&builds[b], c, c->rows, c->columns, &actual);
            check_that(all_agree(&actual, &expected, kind == INTEGERS ? 0 : TOLERANCE), text, __FILE__, __LINE__);
            multiply(&builds[b], c, (c->rows + 1) / 2, (c->columns + 1) / 2, &part);
            check_that(is_part_of(&part, &actual), text, __FILE__, __LINE__);
            release(&part);
            if (builds[b].plain && plain.arrays) /* with and without fused multiply-add */
                check_that(all_agree(&actual, &plain, 0), text, __FILE__, __LINE__);
            if (builds[b].plain && !plain.arrays)
                plain = actual;
            else
                release(&actual);
        }
        release(&expected);
        release(&plain);
    }
}

static void test_products(void)
{
    static const size_t terms[] = {1, 31, 32, 33, 100, 600};
    build builds[MOST_BUILDS];
    const size_t count = find_builds(builds);
    for (size_t r = 0; r < LENGTH(extents); r++)
        for (size_t c = 0; c < LENGTH(extents); c += EVERY)
            for (size_t t = 0; t < LENGTH(terms); t++) {
                const size_t number = r + c + t;
                check_product(builds, count,
                              &(product_case){extents[r], extents[c], terms[t], number % 3 == 0, number % 2 == 0});
            }
}

/* ---- a dense layer that packs the images of a block ---- */

enum { INPUTS = 200, OUTPUTS = 170, IMAGES = 300, STRIDE = 1024 };

static void run_shards(const fcnn_layer *layer, const fcnn_io *io, size_t shards,
                       void (*run)(const fcnn_layer *, const fcnn_io *, size_t, size_t))
{
    for (size_t shard = 0; shard < shards; shard++)
        run(layer, io, IMAGES, shard);
}

/* Both ways give the same bits: the sums of gradients, too, as images begin with a tile. */
static void test_dense(fcnn_unit unit)
{
    fcnn_error error;
    fcnn_layer layer = {.class = fcnn_layer_find("dense"), .name = "tested", .inputs = 1, .input = {{1, {INPUTS}}}};
    const fcnn_attributes described =
        DESCRIBE(INTEGER("units", OUTPUTS), INTEGER("use_bias", 1), INTEGER("bfloat16", 1));
    CHECK(layer.class->create(&layer, &described, &error) == FCNN_OK);
    CHECK(fcnn_layer_check(&layer, &error) == FCNN_OK && layer.packed > 0);
    const size_t size = fcnn_layer_parameter_size(&layer), packed = layer.packed * rounded_up(IMAGES, FCNN_TILE_DEPTH);
    kind = USUAL;
    float *x = new_input(IMAGES * STRIDE, 1), *dy = new_input(IMAGES * STRIDE, 2), *w = new_input(size, 3);
    result one = {0}, all = {0};
    fcnn_io io = {.kernels = fcnn_kernels_for(best_isa()),
                  .bfloat16 = fcnn_bfloat16_for(best_isa(), unit),
                  .stride = STRIDE,
                  .x = {x},
                  .dy = dy,
                  .parameters = w};
    result *to[] = {&one, &all};
    for (size_t way = 0; way < 2; way++) {
        io.y = new_output(to[way], IMAGES * STRIDE);
        io.dx[0] = new_output(to[way], IMAGES * STRIDE);
        io.gradient.values = new_output(to[way], size);
        result aside = {0};
        io.scratch = new_scratch(&aside, layer.scratch);
        io.packed = new_scratch(&aside, packed);
        if (way == 0) {
            layer.class->forward(&layer, &io, IMAGES);
            layer.class->backward(&layer, &io, IMAGES);
            run_shards(&layer, &io, layer.gradient_shards, layer.class->gradient);
        } else {
            run_shards(&layer, &io, layer.pack_shards[0], layer.class->pack_forward);
            run_shards(&layer, &io, layer.forward_shards, layer.class->forward_shard);
            run_shards(&layer, &io, layer.pack_shards[1], layer.class->pack_backward);
            run_shards(&layer, &io, layer.gradient_shards, layer.class->backward_gradient);
        }
        CHECK(guard_holds(&aside.array[0]) && guard_holds(&aside.array[1]));
        release(&aside);
    }
    CHECK(all_agree(&all, &one, 0));
    release(&one);
    release(&all);
    free(x);
    free(dy);
    free(w);
    fcnn_release(layer.config);
}

/* ---- the choice of a unit ---- */

static void test_choice(void)
{
    fcnn_error error;
    CHECK(fcnn_unit_set("plain", &error) == FCNN_OK && fcnn_unit_get() == FCNN_UNIT_PLAIN);
    CHECK(fcnn_unit_set("abacus", &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "FASHIONCNN_BFLOAT16 is 'abacus'");
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "plain");
    CHECK(fcnn_unit_get() == FCNN_UNIT_PLAIN); /* as before */
    CHECK(fcnn_unit_set(NULL, &error) == FCNN_OK && fcnn_unit_available(fcnn_unit_get()));
    for (fcnn_unit unit = FCNN_UNIT_PLAIN; unit < FCNN_UNIT_COUNT; unit++)
        CHECK(!fcnn_unit_available(unit) || fcnn_unit_get() >= unit);
    for (fcnn_isa isa = FCNN_ISA_REFERENCE; isa < FCNN_ISA_COUNT; isa++)
        if (fcnn_isa_available(isa))
            CHECK(fcnn_bfloat16_beside(fcnn_kernels_for(isa)) == fcnn_bfloat16_for(isa, fcnn_unit_get()));
}

int main(void)
{
    const fcnn_floating_mode before = fcnn_floating_mode_enter();
    test_rounding();
    test_packing();
    test_products();
    for (fcnn_unit unit = FCNN_UNIT_PLAIN; unit < FCNN_UNIT_COUNT; unit++)
        if (fcnn_unit_available(unit))
            test_dense(unit);
    test_choice();
    fcnn_floating_mode_restore(before);
    return check_report();
}
