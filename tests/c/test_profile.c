/* test_profile.c - a profile changes no bit, accounts for the time of a pass on any number of threads, names every step
 * once for each stage, counts multiply-adds as they are defined, and is there after what fails.
 */
#include "base/memory.h"
#include "base/threads.h"
#include "mixed.h"

static void take_profile(fcnn_network *network, size_t purpose, fcnn_profile_table *table)
{
    fcnn_error error;
    CHECK(fcnn_network_profile(network, purpose, table, &error) == FCNN_OK);
}

static size_t passes_of(fcnn_network *network, size_t purpose)
{
    fcnn_profile_table table;
    take_profile(network, purpose, &table);
    fcnn_release(table.row);
    return table.passes;
}

static double accounted(const fcnn_profile_table *table)
{
    double seconds = 0.0;
    for (size_t i = 0; i < table->rows; i++)
        seconds += table->row[i].busy + table->row[i].waited;
    return seconds / table->threads_length;
}

/* The row of a stage of the step that begins with node n. */
static const fcnn_profile_row *find_row(const fcnn_profile_table *table, size_t n, const char *stage)
{
    for (size_t i = 0; i < table->rows; i++)
        if (table->row[i].nodes > 0 && table->row[i].node[0] == n && strcmp(table->row[i].stage, stage) == 0)
            return &table->row[i];
    return NULL;
}

static void test_a_profile_changes_no_bit(void)
{
    static const size_t thread_counts[] = {1, 2, 7};
    static snapshot expected;
    fcnn_error error;
    for (size_t o = 0; o < OWN_OPTIMIZERS; o++)
        for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
            CHECK(fcnn_threads_set(thread_counts[t], &error) == FCNN_OK);
            fcnn_network *plain = mixed_network(best_isa(), optimizers[o]);
            fcnn_network *profiled = mixed_network(best_isa(), optimizers[o]);
            fcnn_profile_table table;
            fcnn_network_set_profiles(profiled, 1);
            train_steps(plain, 6);
            train_steps(profiled, 6);
            take(plain, &expected);
            CHECK(is_unchanged(profiled, &expected));
            take_profile(profiled, 0, &table);
            CHECK(table.passes == 6);
            CHECK(table.images == 6 * MIXED_BATCH);
            CHECK_CLOSE(table.threads_length, table.length * (double)thread_counts[t], 1e-9);
            CHECK(accounted(&table) > (SANITIZED ? 0.5 : 0.9));
            CHECK(accounted(&table) <= 1.0 + 1e-6);
            fcnn_release(table.row);
            fcnn_network_destroy(plain);
            fcnn_network_destroy(profiled);
        }
    CHECK(fcnn_threads_set(0, &error) == FCNN_OK);
}

/* A thread that joins in when the watches were counted has none, and harms nobody. */
static void test_more_threads_than_watches(void)
{
    fcnn_error error;
    fcnn_profile_table table;
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    fcnn_network_set_profiles(network, 1);
    CHECK(fcnn_threads_set(2, &error) == FCNN_OK);
    train_steps(network, 1);
    take_profile(network, 0, &table);
    CHECK(fcnn_threads_set(5, &error) == FCNN_OK);
    train_steps(network, 1);
    const double before = table.length;
    fcnn_release(table.row);
    take_profile(network, 0, &table);
    CHECK(table.passes == 2);
    CHECK_CLOSE(table.threads_length, 2.0 * before + 5.0 * (table.length - before), 1e-9);
    CHECK(accounted(&table) <= 1.0 + 1e-6);
    fcnn_profile *profile = network->training.profile;
    fcnn_profile_start(profile, profile->workers);
    fcnn_profile_lap(profile, profile->workers, FCNN_STAGE_FORWARD, NULL);
    fcnn_release(table.row);
    fcnn_network_destroy(network);
    CHECK(fcnn_threads_set(0, &error) == FCNN_OK);
}

static void test_rows_name_steps_and_count_their_work(void)
{
    fcnn_profile_table table;
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    fcnn_network_set_profiles(network, 1);
    train_steps(network, 2);
    take_profile(network, 0, &table);
    const fcnn_profile_row *pooled = find_row(&table, 1, "forward"), *dense = find_row(&table, 12, "weight gradient");
    CHECK(pooled && pooled->nodes == 3 && pooled->node[1] == 2 && pooled->node[2] == 3);
    CHECK(pooled && pooled->products == 8 * 8 * 9 * 8);
    CHECK(pooled && pooled->image_bytes == 4 * (100 + 4 * 4 * 8) && pooled->pass_bytes == 4 * 80);
    CHECK(dense && dense->nodes == 1 && dense->products == 36 * 50);
    CHECK(!find_row(&table, 1, "input gradient")); /* the network's input needs none */
    CHECK(find_row(&table, 5, "input gradient") && find_row(&table, 5, "weight gradient"));
    for (size_t i = 0; i < table.rows; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(table.row[i].nodes == 0 || table.row[j].nodes == 0 || table.row[i].node[0] != table.row[j].node[0] ||
                  strcmp(table.row[i].stage, table.row[j].stage) != 0);
    fcnn_release(table.row);
    fcnn_network_destroy(network);
}

static void test_passes_are_counted_where_they_belong(void)
{
    static float predictions[ROWS * CLASSES];
    fcnn_error error;
    double loss;
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    train_steps(network, 1);
    CHECK(!fcnn_network_get_profiles(network) && passes_of(network, 0) == 0);
    fcnn_network_set_profiles(network, 1);
    CHECK(fcnn_network_get_profiles(network) && passes_of(network, 0) == 0);
    train_steps(network, 3);
    CHECK(run_batch(network, inputs, 0, MIXED_BATCH, 0, 0, &loss, &error) == FCNN_OK);
    predict(network, inputs, 0, ROWS, predictions);
    CHECK(passes_of(network, 0) == 3 && passes_of(network, 1) == 2 && passes_of(network, 2) == 0);
    fcnn_network_set_profiles(network, 1); /* anew */
    CHECK(passes_of(network, 0) == 0 && passes_of(network, 1) == 0);
    fcnn_network_set_profiles(network, 0);
    train_steps(network, 1);
    CHECK(passes_of(network, 0) == 0);
    fcnn_network_destroy(network);
}

static void test_a_step_that_fails_is_no_pass(void)
{
    static float bad_inputs[ROWS * MOST_INPUTS];
    fcnn_error error;
    double loss;
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    fcnn_profile_table table;
    memcpy(bad_inputs, inputs, sizeof inputs);
    bad_inputs[3] = NAN;
    fcnn_network_set_profiles(network, 1);
    train_steps(network, 1);
    CHECK(run_batch(network, bad_inputs, 0, MIXED_BATCH, 1, 1, &loss, &error) == FCNN_E_ARGUMENT);
    train_steps(network, 1);
    take_profile(network, 0, &table);
    CHECK(table.passes == 2 && table.images == 2 * MIXED_BATCH);
    CHECK(accounted(&table) <= 1.0 + 1e-6);
    fcnn_release(table.row);
    fcnn_network_destroy(network);
}

/* Without memory for a profile nothing is changed. */
static void test_every_allocation_may_fail(void)
{
    static snapshot before;
    fcnn_error error;
    fcnn_profile_table table;
    double loss;
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    train_steps(network, 1);
    take(network, &before);
    for (long successes = 0; successes < 4; successes++) {
        fcnn_network_set_profiles(network, 1);
        fcnn_memory_fail_after(successes);
        CHECK(run_batch(network, inputs, 5, MIXED_BATCH, 1, 1, &loss, &error) == FCNN_E_MEMORY);
        fcnn_memory_fail_after(-1);
        CHECK_ERROR(error, FCNN_E_MEMORY, "the profile");
        CHECK(is_unchanged(network, &before));
    }
    train_steps(network, 1);
    fcnn_memory_fail_after(0);
    CHECK(fcnn_network_profile(network, 0, &table, &error) == FCNN_E_MEMORY);
    fcnn_memory_fail_after(-1);
    fcnn_network_destroy(network);
}

int main(void)
{
    fill_data();
    test_a_profile_changes_no_bit();
    test_more_threads_than_watches();
    test_rows_name_steps_and_count_their_work();
    test_passes_are_counted_where_they_belong();
    test_a_step_that_fails_is_no_pass();
    test_every_allocation_may_fail();
    return check_report();
}
