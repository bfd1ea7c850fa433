/* Loaded before libc by a recorder under test: a wall clock that can be set, a machine that can
   sleep, a disk that takes its time. What the machine itself does stays as it is.

   The control file holds three numbers of 64 bits, mapped once and read at each call:
   ns that the wall clock is set on, ns that the machine has slept, ms that a write takes of files
   whose path holds INTERPOSED_SLOW. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *control;
static const char *slow;
static int (*real_clock)(clockid_t, struct timespec *);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);

__attribute__((constructor)) static void begin(void) {
    real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real_pwrite = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    slow = getenv("INTERPOSED_SLOW");
    const char *path = getenv("INTERPOSED_CONTROL");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *at = mmap(NULL, 24, PROT_READ, MAP_SHARED, fd, 0);
        control = at == MAP_FAILED ? NULL : at;
        close(fd);
    }
}

static void move(struct timespec *at, int64_t by_ns) {
    int64_t ns = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec + by_ns;
    at->tv_sec = ns / 1000000000;
    at->tv_nsec = ns % 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int result = real_clock(clock, at);
    if (result == 0 && control) {
        if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
            move(at, control[0] + control[1]);
        else if (clock == CLOCK_BOOTTIME)
            move(at, control[1]);
    }
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

static ssize_t slowly(int fd, const void *data, size_t size, off64_t offset) {
    if (control && slow && control[2] > 0) {
        char link[32], path[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        path[length > 0 ? length : 0] = 0;
        if (strstr(path, slow)) {
            struct timespec wait = {control[2] / 1000, control[2] % 1000 * 1000000};
            nanosleep(&wait, NULL);
        }
    }
    return real_pwrite(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    return slowly(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    return slowly(fd, data, size, offset);
}
