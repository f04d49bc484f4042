/* thread_count.c - reads the environment, the affinity mask and the cgroup's CPU quota.
 *
 * A container's quota does not show in the affinity mask: with 2 CPUs' worth of time on a machine of 64, 64 threads
 * would spend most of it waiting. cgroup v2 keeps "quota period" in cpu.max, v1 in two files; a quota of any ancestor
 * holds too.
 */
#define _GNU_SOURCE
#include "thread_count.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "threads.h"

enum { PATH_SIZE = 1024 };

fcnn_status fcnn_thread_count_check(fcnn_error *error)
{
    long count = 0;
    if (fcnn_environment_number("FASHIONCNN_NUM_THREADS", 0, &count) && count >= 0 && count <= FCNN_MAX_THREADS)
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_ARGUMENT,
                     "FASHIONCNN_NUM_THREADS is '%.32s'; it must be a whole number from 1 to %d, or 0 for automatic",
                     getenv("FASHIONCNN_NUM_THREADS"), FCNN_MAX_THREADS);
}

/* The threads that the environment asks for; 0: nothing, or nothing that can be understood. */
static size_t environment_count(void)
{
    long own = 0, openmp = 0;
    if (fcnn_environment_number("FASHIONCNN_NUM_THREADS", 0, &own) && own > 0)
        return (size_t)own;
    return fcnn_environment_number("OMP_NUM_THREADS", 1, &openmp) && openmp > 0 ? (size_t)openmp : 0;
}

static size_t affinity_count(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (size_t)CPU_COUNT(&set);
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

/* Number of CPUs that `folder` allows, or 0 for any. */
static size_t folder_quota(const char *folder, int version)
{
    char path[PATH_SIZE + 32];
    long long quota = 0, period = 0;
    snprintf(path, sizeof path, version == 2 ? "%s/cpu.max" : "%s/cpu.cfs_quota_us", folder);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    int numbers = fscanf(file, "%lld %lld", &quota, &period); /* v2 without a quota: "max 100000" */
    fclose(file);
    if (version == 1) {
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
        file = fopen(path, "re");
        if (!file)
            return 0;
        numbers += fscanf(file, "%lld", &period);
        fclose(file);
    }
    if (numbers != 2 || quota <= 0 || period <= 0)
        return 0;
    return (size_t)((quota + period - 1) / period);
}

/* The smallest quota of mount/group and its ancestors, or 0. Inside a container `group` may not exist below the mount;
 * the walk then ends at the mount itself, which is the container's own group. */
static size_t smallest_quota(const char *mount, const char *group, int version)
{
    char folder[PATH_SIZE];
    size_t smallest = 0;
    const size_t mount_length = strlen(mount);
    if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= PATH_SIZE)
        return 0;
    for (;;) {
        const size_t quota = folder_quota(folder, version);
        if (quota && (!smallest || quota < smallest))
            smallest = quota;
        char *slash = strrchr(folder + mount_length, '/');
        if (!slash)
            return smallest;
        *slash = '\0';
    }
}

/* True where `controllers`, a list such as "cpu,cpuacct", contains "cpu". */
static int lists_cpu(const char *controllers)
{
    for (const char *item = controllers; item; item = strchr(item, ',')) {
        item += *item == ',';
        if (strncmp(item, "cpu", 3) == 0 && (item[3] == '\0' || item[3] == ','))
            return 1;
    }
    return 0;
}

static size_t cgroup_quota(void)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return 0;
    size_t quota = 0;
    char line[PATH_SIZE];
    while (!quota && fgets(line, sizeof line, file)) { /* "0::/group" or "4:cpu,cpuacct:/group" */
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        controllers++;
        if (!*controllers)
            quota = smallest_quota("/sys/fs/cgroup", group, 2);
        else if (lists_cpu(controllers))
            quota = smallest_quota("/sys/fs/cgroup/cpu", group, 1);
    }
    fclose(file);
    return quota;
}

size_t fcnn_thread_count_cpus(void)
{
    const size_t count = affinity_count(), quota = cgroup_quota();
    return quota && quota < count ? quota : count;
}

size_t fcnn_thread_count_automatic(size_t cpus)
{
    const size_t count = environment_count();
    return count ? count : cpus;
}

int fcnn_thread_count_is_firm(void)
{
    const char *text = getenv("FASHIONCNN_ALL_THREADS");
    return text && *text;
}
