/* Sets the wall clock of one program: LD_PRELOAD=.../clock.so with LDT_CLOCK=FILE adds the seconds
 * that the file holds to the time of day, whenever somebody asks. The monotonic clock is left as it
 * is, as it would be if somebody set the machine's clock. Children have the machine's time. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int file = -1;

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("LDT_CLOCK");
    if (name != NULL)
        file = open(name, O_RDONLY | O_CLOEXEC);
    unsetenv("LD_PRELOAD");
}

static time_t seconds_off(void)
{
    char text[32] = "";
    if (file < 0 || pread(file, text, sizeof text - 1, 0) < 0)
        return 0;
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    static __typeof__(&clock_gettime) real;
    if (real == NULL)
        real = (__typeof__(&clock_gettime))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, now);
    if (id == CLOCK_REALTIME)
        now->tv_sec += seconds_off();
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
