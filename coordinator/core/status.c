#include "coordinator/core/status.h"
#include "coordinator/core/action.h"
#include "coordinator/core/audit.h"
#include "coordinator/core/follow.h"
#include "coordinator/core/search.h"
#include "coordinator/core/trial.h"
#include "common/arena.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    REPLY_BYTES = 3 << 20, /* of texts and numbers: with framing it stays under MESSAGE_MAX_BYTES */
    STUDY_BYTES = 160,     /* of one study's numbers on the wire */
    WORKER_BYTES = 96,     /* of one worker's */
    NOTE_BYTES = 512,      /* a note is cut to this in the list */
    WORKER_SHOWN_MS = 86400000, /* a worker that left is shown for a day */
    STILL_MS = 3600000,         /* a trial that has told of nothing new for so long may hang */
};

/* ---- studies --------------------------------------------------------------------------------- */

/* Why the trials of a program cannot run anywhere, if that is so; [1] for commands. */
struct nobody {
    const char *notes[2];
};

/* The workers that are connected: [1] those of them that accept commands. */
struct crowd {
    bool staying[2], willing[2];
};

static struct crowd look_around(const struct core *core)
{
    struct crowd crowd = { { false, false }, { false, false } };
    LIST_EACH(&core->connected, link) {
        const struct worker *worker = LIST_ITEM(link, struct worker, heard);
        bool stays = worker->row.drain == DRAIN_NO;
        for (int commands = 0; commands <= worker->row.allow_command; commands++) {
            crowd.staying[commands] |= stays;
            crowd.willing[commands] |= stays && worker->note[0] == '\0';
        }
        if (crowd.willing[1])
            break; /* then somebody is willing to run anything */
    }
    return crowd;
}

static const char *why_nobody(const struct core *core, const struct crowd *crowd, int commands)
{
    if (crowd->willing[commands])
        return NULL;
    if (core->connected.count == 0)
        return "no worker is connected: start one with ldt-worker";
    if (!crowd->staying[0])
        return "all workers are leaving: start another one with ldt-worker";
    if (!crowd->staying[commands])
        return "no worker accepts commands: start one with --allow-command";
    return "no worker takes work: `ldt workers` says why";
}

static struct nobody nobody_to_run(const struct core *core)
{
    struct crowd crowd = look_around(core);
    return (struct nobody){ { why_nobody(core, &crowd, 0), why_nobody(core, &crowd, 1) } };
}

static const char *short_note(struct arena *arena, const char *note)
{
    if (strlen(note) < NOTE_BYTES)
        return arena_text(arena, note);
    size_t length = NOTE_BYTES;
    while (((unsigned char)note[length] & 0xc0) == 0x80) /* not inside a character of UTF-8 */
        length--;
    return arena_printf(arena, "%.*s...", (int)length, note);
}

/* Of a trial that comes to nothing and ends nowhere; NULL: there is none. */
static const char *restless_note(struct turn *turn, const struct study *study)
{
    const struct trial *trial = study->restless < (int64_t)study->n_trials
                                    ? trial_at(study, (size_t)study->restless)
                                    : NULL;
    int32_t returns = trial != NULL ? trial_returns_in_vain(trial) : 0;
    if (returns == 0)
        return NULL;
    return arena_printf(turn->out->arena,
                        "trial %" PRId64 " was handed back %" PRId32
                        " times in a row and got no further: `ldt logs %s %" PRId64
                        " --all` says why",
                        trial->number, returns, study->row.name, trial->number);
}

/* Why an open study does not move, or what its row says. */
static const char *study_note(struct turn *turn, const struct study *study,
                              const struct nobody *nobody)
{
    bool idle = study->row.state == SEARCH_OPEN && study->counts.running == 0;
    const char *note = nobody->notes[study->search->definition->program == PROGRAM_COMMAND];
    if (study->row.state == SEARCH_PAUSED)
        return arena_printf(turn->out->arena, "paused: `ldt resume %s` goes on", study->row.name);
    const char *audit = idle && study->row.audit ? audit_note(turn, study) : NULL;
    if (audit != NULL)
        return audit;
    if (idle && study_waits(study))
        note = arena_printf(turn->out->arena, "waits for `%s` to finish", study->before->row.name);
    if (idle && note != NULL)
        return note;
    const char *restless = restless_note(turn, study);
    return restless != NULL ? restless : short_note(turn->out->arena, study->row.note);
}

static struct study_status study_line(struct turn *turn, const struct study *study,
                                      const struct nobody *nobody)
{
    const struct definition *definition = study->search->definition;
    struct study_status line = {
        .search = study->search->row.name,
        .name = study->row.name,
        .state = study->row.state,
        .trials = study->row.budget * study->row.repeat,
        .counts = study->counts,
        .metric = definition->metric,
        .maximize = definition->maximize,
        .note = study_note(turn, study, nobody),
        .created_wall_ms = study->row.created_ms,
        .finished_wall_ms = study->row.finished_ms,
    };
    int64_t configuration;
    line.has_best = ledger_best(study->ledger, &configuration, &line.best_value);
    line.best_trial = line.has_best ? configuration * study->row.repeat : 0;
    return line;
}

static size_t line_bytes(const struct study_status *line)
{
    return STUDY_BYTES + strlen(line->search) + strlen(line->name) + strlen(line->metric) +
           strlen(line->note);
}

/* All studies in order of age; of too many for one message, the newest. Workers that are asked for,
 * too, take their space before. */
struct lines {
    struct study_status *list;
    size_t first, capacity, bytes, left_out;
    struct worker_status *workers;
    size_t n_workers, workers_left_out;
    struct nobody nobody;
};

static void add_line(struct lines *lines, struct turn *turn, const struct study *study)
{
    struct study_status line = study_line(turn, study, &lines->nobody);
    lines->bytes += line_bytes(&line);
    if (lines->bytes > REPLY_BYTES) { /* nor any older one fits, or the list would have holes */
        lines->left_out++;
        return;
    }
    static_assert((int64_t)STUDY_BYTES * MESSAGE_MAX_LIST > REPLY_BYTES, "there is always room");
    lines->list[--lines->first] = line;
}

static void add_studies(struct lines *lines, struct turn *turn, struct study *const *studies,
                        size_t count)
{
    for (size_t i = count; i > 0; i--)
        add_line(lines, turn, studies[i - 1]);
}

/* ---- workers --------------------------------------------------------------------------------- */

/* Of who left before this process began, only when it introduced itself is known. */
static int64_t silence(const struct turn *turn, const struct worker *worker)
{
    int64_t ms = worker->heard_ms >= 0 ? turn->now_ms - worker->heard_ms
                                       : turn->wall_ms - worker->row.last_seen_ms;
    return ms > 0 ? ms : 0;
}

static bool is_still(const struct turn *turn, const struct live_trial *live)
{
    return turn->now_ms - live->moved_ms >= STILL_MS;
}

/* Why it takes no work, or which of its trials may hang. */
static const char *worker_note(struct turn *turn, const struct worker *worker)
{
    if (worker->note[0] != '\0')
        return arena_text(turn->out->arena, worker->note);
    LIST_EACH(&worker->leases, held) {
        const struct live_trial *live = LIVE_HELD(held);
        if (is_still(turn, live))
            return arena_printf(turn->out->arena,
                                "trial %" PRId64 " of %s has reported nothing for %" PRId64 " min",
                                live->trial->number, live->trial->study->row.name,
                                (turn->now_ms - live->moved_ms) / 60000);
    }
    return "";
}

/* Of a worker that is not connected: none, if it went without a goodbye. */
static const char *last_words(struct turn *turn, const struct worker *worker)
{
    if (!worker->left)
        return "";
    return worker->note[0] != '\0' ? arena_text(turn->out->arena, worker->note) : "left";
}

static struct worker_status worker_line(struct turn *turn, const struct worker *worker)
{
    struct arena *arena = turn->out->arena;
    return (struct worker_status){
        .name = arena_text(arena, worker->row.name),
        .host = arena_text(arena, worker->row.host),
        .slots = worker->row.slots,
        .busy = (int32_t)worker->leases.count,
        .allow_command = worker->row.allow_command,
        .connected = worker->session != 0,
        .seen_ms_ago = silence(turn, worker),
        .done = worker->done,
        .failed = worker->failed,
        .drain = worker->row.drain,
        .note = worker->session != 0 ? worker_note(turn, worker) : last_words(turn, worker),
    };
}

static bool is_shown(const struct turn *turn, const struct worker *worker)
{
    return worker->session != 0 || worker->leases.count > 0 ||
           silence(turn, worker) < WORKER_SHOWN_MS;
}

static size_t worker_bytes(const struct worker_status *line)
{
    return WORKER_BYTES + strlen(line->name) + strlen(line->host) + strlen(line->note);
}

/* The newest first. Whoever asks for them wants them more than the studies. */
static void list_workers(struct turn *turn, struct lines *lines)
{
    const struct core *core = turn->core;
    size_t room = core->n_workers < MESSAGE_MAX_LIST ? core->n_workers : MESSAGE_MAX_LIST;
    lines->workers = arena_alloc(turn->out->arena, room * sizeof *lines->workers);
    for (size_t i = core->n_workers; i > 0; i--) {
        const struct worker *worker = core->workers[i - 1];
        if (!is_shown(turn, worker))
            continue;
        struct worker_status line = worker_line(turn, worker);
        size_t bytes = worker_bytes(&line);
        if (lines->workers_left_out > 0 || lines->n_workers == room ||
            lines->bytes + bytes > REPLY_BYTES) {
            lines->workers_left_out++; /* nor any older one fits */
            continue;
        }
        lines->bytes += bytes;
        lines->workers[lines->n_workers++] = line;
    }
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool list_studies(struct turn *turn, const struct message *message, struct lines *lines)
{
    const struct core *core = turn->core;
    size_t all = core->studies.count;
    lines->first = lines->capacity = all < MESSAGE_MAX_LIST ? all : MESSAGE_MAX_LIST;
    lines->list = arena_alloc(turn->out->arena, lines->capacity * sizeof *lines->list);
    if (message->status.name[0] == '\0') {
        for (size_t i = core->n_searches; i > 0; i--)
            add_studies(lines, turn, core->searches[i - 1]->studies,
                        core->searches[i - 1]->n_studies);
        return true;
    }
    struct selection selection;
    const char *nearest;
    if (!search_select(core, message->status.name, &selection, &nearest)) {
        search_not_found(turn, message, message->status.name, nearest);
        return false;
    }
    add_studies(lines, turn, selection.studies, selection.n_studies);
    return true;
}

static size_t count_still(const struct turn *turn)
{
    size_t count = 0;
    LIST_EACH(&turn->core->leases, link)
        count += is_still(turn, LIVE_QUEUED(link));
    return count;
}

static const char *add_count(struct turn *turn, const char *note, size_t count, const char *what)
{
    struct arena *arena = turn->out->arena;
    const char *separator = note[0] != '\0' ? "; " : "";
    return count == 0 ? note : arena_printf(arena, "%s%s%zu %s", note, separator, count, what);
}

static const char *overall_note(struct turn *turn, const struct lines *lines)
{
    const char *note = arena_text(turn->out->arena, turn->core->note);
    note = add_count(turn, note, count_still(turn),
                     "of the running trials without a new point for an hour or more: `ldt "
                     "workers` says where, and max_trial_silence in a spec ends such trials");
    note = add_count(turn, note, lines->left_out, "older studies are not shown: name a search");
    return add_count(turn, note, lines->workers_left_out, "older workers are not shown");
}

void status_answer(struct turn *turn, const struct message *message)
{
    struct lines lines = { .nobody = nobody_to_run(turn->core) };
    if (message->status.workers)
        list_workers(turn, &lines);
    if (!list_studies(turn, message, &lines))
        return;
    struct message *answer = reply(turn, message, MESSAGE_STATUS_REPLY);
    answer->status_reply.studies = lines.list + lines.first;
    answer->status_reply.n_studies = lines.capacity - lines.first;
    answer->status_reply.workers = lines.workers;
    answer->status_reply.n_workers = lines.n_workers;
    answer->status_reply.uptime_ms = turn->now_ms - turn->core->started_ms;
    answer->status_reply.version = turn->core->version;
    answer->status_reply.note = overall_note(turn, &lines);
}
