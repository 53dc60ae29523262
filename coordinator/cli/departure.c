#include "coordinator/cli/departure.h"
#include "coordinator/cli/counted.h"

#include <string.h>

enum { NAMES_SAID = 20 };

static bool is_meant(const struct departure *departure, const struct worker_status *worker)
{
    if (worker->drain == 0)
        return false;
    for (size_t i = 0; i < departure->n_names; i++) {
        if (strcmp(departure->names[i], worker->name) == 0)
            return true;
    }
    return departure->n_names == 0;
}

/* Before a restart of the coordinator nobody can have been silent towards it. */
static bool is_given_up(const struct worker_status *worker, int64_t uptime_ms)
{
    return worker->seen_ms_ago >= DEPARTURE_SILENCE_MS && uptime_ms >= DEPARTURE_SILENCE_MS;
}

void departure_look(struct departure *departure, const struct message *status_reply)
{
    size_t left_before = departure->left;
    departure->here = departure->left = departure->away = 0;
    departure->silent = false;
    for (size_t i = 0; i < status_reply->status_reply.n_workers; i++) {
        const struct worker_status *worker = &status_reply->status_reply.workers[i];
        if (!is_meant(departure, worker))
            continue;
        if (worker->connected) {
            departure->here++;
        } else if (worker->note[0] != '\0') {
            departure->left++;
        } else {
            departure->away++;
            departure->away_before += !departure->looked && worker->busy == 0;
            departure->silent |= !is_given_up(worker, status_reply->status_reply.uptime_ms);
        }
    }
    if (departure->left < left_before) /* their goodbyes are forgotten */
        departure->away_before += left_before - departure->left;
    if (departure->away < departure->away_before) /* one came back, or is not shown any more */
        departure->away_before = departure->away;
    departure->looked = true;
}

size_t departure_lost(const struct departure *departure)
{
    return departure->away > departure->away_before ? departure->away - departure->away_before : 0;
}

bool departure_over(const struct departure *departure)
{
    return departure->looked && departure->here == 0 &&
           (departure_lost(departure) == 0 || !departure->silent);
}

static void add_names(struct buf *out, const struct departure *departure,
                      const struct message *status_reply)
{
    size_t said = 0;
    for (size_t i = 0; i < status_reply->status_reply.n_workers; i++) {
        const struct worker_status *worker = &status_reply->status_reply.workers[i];
        if (!is_meant(departure, worker) || !worker->connected)
            continue;
        if (said == NAMES_SAID) {
            buf_text(out, ", ...");
            return;
        }
        buf_printf(out, "%s%s", said++ == 0 ? ": " : ", ", worker->name);
        if (worker->busy > 0)
            buf_printf(out, " (%s)", counted(worker->busy, "trial", "trials"));
    }
}

void departure_say(struct buf *out, const struct departure *departure,
                   const struct message *status_reply)
{
    size_t lost = departure_lost(departure);
    buf_clear(out);
    buf_printf(out, "%s still here", counted((int64_t)departure->here, "worker is", "workers are"));
    add_names(out, departure, status_reply);
    if (lost > 0)
        buf_printf(out, "; %s not heard of", counted((int64_t)lost, "worker is", "workers are"));
}
