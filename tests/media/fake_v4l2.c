/* A capture device that is not there, for programs that were started with this in LD_PRELOAD.
 *
 * Compiled against the kernel's own header, so what a program hands to ioctl has to have the sizes,
 * places and numbers of the real thing. FAKE_V4L2 names a file: a line of what the device is, then
 * frames, each behind its length in four bytes (little-endian).
 *
 *   FORMATS WIDTH HEIGHT FRAME_US FRAMES_BEFORE_STALL SKIP_AT ERROR_AT UNPLUG_AT
 *
 * FORMATS are four-letter codes with commas between them. The driver behaves as drivers do: it
 * fills only buffers that were queued, leaves pictures out while there are none, and counts them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define PATH "/dev/video77"
#define COUNT 4
#define SIZE (1u << 20)

struct fake {
    int fd, writer, memory, streaming, ended, queued[COUNT], done[COUNT], done_count;
    struct v4l2_buffer buffers[COUNT];
    char formats[128];
    uint32_t width, height, set_format;
    long frame_us, before_stall, skip_at, error_at, unplug_at;
    uint8_t *frames;
    size_t size, begin;
    pthread_t thread;
};

#define MOST 8
static struct fake *fakes[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct fake *of(int fd)
{
    for (int i = 0; i < MOST; i++)
        if (fakes[i] && fakes[i]->fd == fd) return fakes[i];
    return NULL;
}

static void *film(void *argument)
{
    struct fake *fake = argument;
    size_t at = fake->begin;
    uint8_t *memory = mmap(NULL, (size_t)COUNT * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fake->memory, 0);
    for (uint32_t sequence = 0; !fake->ended; sequence++) {
        struct timespec pause = {fake->frame_us / 1000000, fake->frame_us % 1000000 * 1000};
        nanosleep(&pause, NULL);
        if (fake->before_stall && sequence >= fake->before_stall) continue;
        uint32_t bytes;
        memcpy(&bytes, fake->frames + at, 4);
        const uint8_t *frame = fake->frames + at + 4;
        at += 4 + bytes;
        if (at + 4 > fake->size) at = fake->begin;
        if (fake->skip_at && sequence == fake->skip_at) continue;
        pthread_mutex_lock(&lock);
        if (fake->unplug_at && sequence >= fake->unplug_at) {
            fake->ended = 2;
            char one = 1;
            if (write(fake->writer, &one, 1) < 0) abort();
        }
        for (int i = 0; i < COUNT && fake->streaming && !fake->ended; i++) {
            if (!fake->queued[i]) continue;
            struct v4l2_buffer *buffer = &fake->buffers[i];
            struct timespec now;
            clock_gettime(CLOCK_MONOTONIC, &now);
            memcpy(memory + (size_t)i * SIZE, frame, bytes);
            buffer->bytesused = bytes;
            buffer->sequence = sequence;
            buffer->timestamp.tv_sec = now.tv_sec;
            buffer->timestamp.tv_usec = now.tv_nsec / 1000;
            buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_MAPPED;
            if (fake->error_at && sequence == fake->error_at) buffer->flags |= V4L2_BUF_FLAG_ERROR;
            fake->queued[i] = 0;
            fake->done[fake->done_count++] = i;
            char one = 1;
            if (write(fake->writer, &one, 1) < 0) abort();
            break;
        }
        pthread_mutex_unlock(&lock);
    }
    munmap(memory, (size_t)COUNT * SIZE);
    return NULL;
}

static int begin(void)
{
    struct fake *fake = calloc(1, sizeof *fake);
    FILE *file = fopen(getenv("FAKE_V4L2"), "rb");
    char line[512];
    int pipes[2];
    if (!fake || !file || !fgets(line, sizeof line, file)) abort();
    fake->begin = (size_t)ftell(file);
    if (sscanf(line, "%127s %u %u %ld %ld %ld %ld %ld", fake->formats, &fake->width, &fake->height,
               &fake->frame_us, &fake->before_stall, &fake->skip_at, &fake->error_at,
               &fake->unplug_at) != 8) abort();
    fseek(file, 0, SEEK_END);
    fake->size = (size_t)ftell(file);
    fake->frames = malloc(fake->size);
    rewind(file);
    if (fread(fake->frames, 1, fake->size, file) != fake->size || pipe2(pipes, O_CLOEXEC)) abort();
    fclose(file);
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    fake->fd = pipes[0];
    fake->writer = pipes[1];
    fake->memory = memfd_create("video", MFD_CLOEXEC);
    if (ftruncate(fake->memory, (off_t)COUNT * SIZE)) abort();
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST; i++)
        if (!fakes[i]) { fakes[i] = fake; break; }
    pthread_mutex_unlock(&lock);
    return fake->fd;
}

static int fail(int code) { errno = code; return -1; }

static int enumerate(struct fake *fake, struct v4l2_fmtdesc *about)
{
    if (about->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
    if (about->index * 5 >= strlen(fake->formats)) return fail(EINVAL);
    memcpy(&about->pixelformat, fake->formats + about->index * 5, 4);
    strcpy((char *)about->description, "a format");
    return 0;
}

static int set_format(struct fake *fake, struct v4l2_format *about, int set)
{
    if (about->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
    if (!set) about->fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
    about->fmt.pix.width = fake->width;
    about->fmt.pix.height = fake->height;
    about->fmt.pix.field = V4L2_FIELD_NONE;
    about->fmt.pix.sizeimage = SIZE;
    if (set) fake->set_format = about->fmt.pix.pixelformat;
    return 0;
}

static int dequeue(struct fake *fake, struct v4l2_buffer *about)
{
    if (!fake->streaming || about->memory != V4L2_MEMORY_MMAP) return fail(EINVAL);
    if (fake->ended == 2) return fail(ENODEV);
    char one;
    if (!fake->done_count || read(fake->fd, &one, 1) != 1) return fail(EAGAIN);
    int index = fake->done[0];
    memmove(fake->done, fake->done + 1, sizeof fake->done - sizeof fake->done[0]);
    fake->done_count--;
    *about = fake->buffers[index];
    return 0;
}

static int answer(struct fake *fake, unsigned long request, void *about)
{
    struct v4l2_capability *capability = about;
    struct v4l2_requestbuffers *wanted = about;
    struct v4l2_buffer *buffer = about;
    switch (request) {
    case VIDIOC_QUERYCAP:
        memset(capability, 0, sizeof *capability);
        strcpy((char *)capability->driver, "fake");
        capability->capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    case VIDIOC_ENUM_FMT: return enumerate(fake, about);
    case VIDIOC_G_FMT: return set_format(fake, about, 0);
    case VIDIOC_S_FMT: return set_format(fake, about, 1);
    case VIDIOC_S_PARM: return 0;
    case VIDIOC_REQBUFS:
        if (!fake->set_format || wanted->memory != V4L2_MEMORY_MMAP) return fail(EINVAL);
        wanted->count = COUNT;
        return 0;
    case VIDIOC_QUERYBUF:
    case VIDIOC_QBUF:
        if (buffer->index >= COUNT || buffer->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
        buffer->memory = V4L2_MEMORY_MMAP;
        buffer->length = SIZE;
        buffer->m.offset = buffer->index * SIZE;
        fake->buffers[buffer->index] = *buffer;
        if (request == VIDIOC_QBUF) fake->queued[buffer->index] = 1;
        return 0;
    case VIDIOC_DQBUF: return dequeue(fake, about);
    case VIDIOC_STREAMON:
        if (*(int *)about != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
        fake->streaming = 1;
        return pthread_create(&fake->thread, NULL, film, fake);
    default: return fail(ENOTTY);
    }
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *about = va_arg(rest, void *);
    va_end(rest);
    struct fake *fake = of(fd);
    /* Python hands the number over as an int, with its sign. */
    request = (uint32_t)request;
    if (fake) {
        pthread_mutex_lock(&lock);
        int result = answer(fake, request, about);
        pthread_mutex_unlock(&lock);
        return result;
    }
    int (*real)(int, unsigned long, void *) = dlsym(RTLD_NEXT, "ioctl");
    return real(fd, request, about);
}

static int opened(const char *name, const char *path, int flags, mode_t mode)
{
    if (strcmp(path, PATH) == 0) return begin();
    int (*real)(const char *, int, mode_t) = dlsym(RTLD_NEXT, name);
    return real(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return opened("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return opened("open64", path, flags, mode);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    void *(*real)(void *, size_t, int, int, int, off64_t) = dlsym(RTLD_NEXT, "mmap64");
    struct fake *fake = fd >= 0 ? of(fd) : NULL;
    return real(address, size, protection, flags, fake ? fake->memory : fd, offset);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    void *(*real)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap");
    struct fake *fake = fd >= 0 ? of(fd) : NULL;
    return real(address, size, protection, flags, fake ? fake->memory : fd, offset);
}

int close(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "close");
    struct fake *fake = of(fd);
    if (fake) {
        pthread_mutex_lock(&lock);
        for (int i = 0; i < MOST; i++)
            if (fakes[i] == fake) fakes[i] = NULL;
        fake->ended = 1;
        pthread_mutex_unlock(&lock);
        if (fake->streaming) pthread_join(fake->thread, NULL);
        real(fake->writer);
        real(fake->memory);
        free(fake->frames);
        free(fake);
    }
    return real(fd);
}
