#include "coordinator/shell/porter.h"
#include "common/xalloc.h"
#include "coordinator/shell/door.h"
#include "coordinator/shell/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct porter {
    struct loop *loop;
    pthread_t thread;
    atomic_bool leaving;
};

static void *tend(void *context)
{
    static const struct timespec pause = { .tv_nsec = BACKLOG_LOOK_MS * 1000000L };
    struct porter *porter = context;
    while (!atomic_load(&porter->leaving)) {
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&porter->loop->door); /* until the loop saves */
        if (!atomic_load(&porter->leaving))
            door_tend(porter->loop);
        pthread_mutex_unlock(&porter->loop->door);
    }
    return NULL;
}

bool porter_start(struct porter **porter, struct loop *loop, struct error *error)
{
    struct porter *made = xcalloc(1, sizeof *made);
    made->loop = loop;
    int fault = pthread_create(&made->thread, NULL, tend, made);
    if (fault != 0) {
        error_set(error, "cannot start a thread: %s; allow this user more of them (`ulimit -u`)",
                  strerror(fault));
        free(made);
        return false;
    }
    *porter = made;
    return true;
}

void porter_stop(struct porter **porter)
{
    if (*porter == NULL)
        return;
    atomic_store(&(*porter)->leaving, true);
    pthread_mutex_unlock(&(*porter)->loop->door);
    pthread_join((*porter)->thread, NULL);
    pthread_mutex_lock(&(*porter)->loop->door);
    free(*porter);
    *porter = NULL;
}
