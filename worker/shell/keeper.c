#include "worker/shell/keeper.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "worker/shell/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLICE_MS = 50,          /* for removing, between two turns of the loop: heartbeats come first */
    SWEEP_MS = 3600 * 1000, /* between two looks whether somebody should sweep */
};

struct leftover {
    char key[MESSAGE_MAX_NAME + 1];
    int32_t attempt;
    int64_t due_ms;
};

struct keeper {
    const char *directory;
    char complaint[sizeof((struct error *)0)->text]; /* the latest, logged once */
    struct leftover *leftovers;                      /* in the order in which they are due */
    size_t n_leftovers, capacity;
    struct checkpoint_sweep *sweep; /* NULL: none is under way */
    int64_t look_ms;                /* whether somebody should sweep */
};

static void look_whether_to_sweep(struct keeper *keeper, int64_t now_ms)
{
    keeper->sweep = checkpoint_sweep_begin(keeper->directory, clock_wall_ms());
    keeper->look_ms = now_ms + SWEEP_MS;
}

static void end_sweep(struct keeper *keeper)
{
    int64_t swept = checkpoint_sweep_end(&keeper->sweep);
    if (swept > 0)
        log_event(LOG_INFO, "checkpoints-swept", "directory=%s trials=%lld days=%d",
                  log_quote(keeper->directory), (long long)swept, CHECKPOINT_KEPT_DAYS);
}

struct keeper *keeper_create(const char *directory, int64_t now_ms)
{
    struct keeper *keeper = xcalloc(1, sizeof *keeper);
    keeper->directory = directory;
    if (directory[0] != '\0')
        look_whether_to_sweep(keeper, now_ms);
    return keeper;
}

void keeper_destroy(struct keeper **keeper)
{
    if (*keeper == NULL)
        return;
    end_sweep(*keeper);
    free((*keeper)->leftovers);
    free(*keeper);
    *keeper = NULL;
}

static void complain(struct keeper *keeper, const char *event, const struct error *error)
{
    if (strcmp(keeper->complaint, error->text) == 0)
        return;
    memcpy(keeper->complaint, error->text, sizeof keeper->complaint);
    log_event(LOG_WARN, event, "why=%s", log_quote(error->text));
}

const char *keeper_claim(struct keeper *keeper, const char *key, int32_t attempt,
                         struct arena *arena)
{
    struct error error = { "" };
    if (keeper->directory[0] == '\0' || key[0] == '\0')
        return "";
    const char *path = checkpoint_claim(keeper->directory, key, attempt, arena, &error);
    if (path == NULL)
        complain(keeper, "no-checkpoint", &error);
    return path != NULL ? path : "";
}

void keeper_leave(const struct keeper *keeper, const char *key, int32_t attempt)
{
    if (keeper->directory[0] != '\0')
        checkpoint_leave(keeper->directory, key, attempt);
}

/* False: the time was up, and something is left. */
static bool discard(struct keeper *keeper, const struct leftover *leftover, int64_t until_ms)
{
    struct error error = { "" };
    enum removal removal =
        checkpoint_discard(keeper->directory, leftover->key, leftover->attempt, until_ms, &error);
    if (removal == REMOVAL_FAILED)
        complain(keeper, "checkpoint-not-removed", &error);
    return removal != REMOVAL_UNFINISHED;
}

void keeper_settle(struct keeper *keeper, const char *key, int32_t attempt, bool superseded,
                   int64_t now_ms)
{
    if (keeper->directory[0] == '\0')
        return;
    keeper->leftovers =
        xgrow(keeper->leftovers, keeper->n_leftovers, &keeper->capacity, sizeof *keeper->leftovers);
    struct leftover leftover = { .attempt = attempt,
                                 .due_ms = now_ms + (superseded ? KEEPER_GRACE_MS : 0) };
    snprintf(leftover.key, sizeof leftover.key, "%s", key);
    size_t at = keeper->n_leftovers++;
    for (; at > 0 && keeper->leftovers[at - 1].due_ms > leftover.due_ms; at--)
        keeper->leftovers[at] = keeper->leftovers[at - 1];
    keeper->leftovers[at] = leftover;
}

/* Removes what is due, as far as it comes. */
static void work_off(struct keeper *keeper, int64_t now_ms, int64_t until_ms)
{
    size_t done = 0;
    while (done < keeper->n_leftovers && keeper->leftovers[done].due_ms <= now_ms &&
           (done == 0 || clock_monotonic_ms() <= until_ms) &&
           discard(keeper, &keeper->leftovers[done], until_ms))
        done++;
    if (done == 0)
        return;
    keeper->n_leftovers -= done;
    memmove(keeper->leftovers, keeper->leftovers + done,
            keeper->n_leftovers * sizeof *keeper->leftovers);
}

static void sweep(struct keeper *keeper, int64_t now_ms, int64_t until_ms)
{
    if (keeper->sweep == NULL && keeper->directory[0] != '\0' && now_ms >= keeper->look_ms)
        look_whether_to_sweep(keeper, now_ms);
    if (keeper->sweep != NULL && !checkpoint_sweep_go_on(keeper->sweep, until_ms))
        end_sweep(keeper);
}

void keeper_tick(struct keeper *keeper, int64_t now_ms)
{
    int64_t until_ms = clock_monotonic_ms() + SLICE_MS;
    work_off(keeper, now_ms, until_ms);
    sweep(keeper, now_ms, until_ms);
}

void keeper_finish(struct keeper *keeper, int64_t now_ms)
{
    work_off(keeper, now_ms, INT64_MAX);
}

/* That it is time to look for leftovers of others is noticed some time. */
int64_t keeper_next_deadline(const struct keeper *keeper)
{
    if (keeper->sweep != NULL)
        return 0;
    return keeper->n_leftovers > 0 ? keeper->leftovers[0].due_ms : INT64_MAX;
}
