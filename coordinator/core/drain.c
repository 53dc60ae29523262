#include "coordinator/core/drain.h"
#include "coordinator/core/action.h"
#include "coordinator/core/worker.h"
#include "coordinator/space/problem.h"
#include "common/arena.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* The names of a request, each once, and whether a worker has it. */
struct named {
    const char *name;
    bool found;
};

/* Gone workers are left alone, unless they may come back with a trial. */
static bool is_here(const struct worker *worker)
{
    return worker->session != 0 || worker->leases.count > 0;
}

static void drain(struct turn *turn, struct worker *worker, bool now, struct message *answer)
{
    enum worker_drain wanted = now ? DRAIN_NOW : DRAIN_FINISH;
    answer->drained.workers++;
    answer->drained.running += worker->leases.count;
    if (worker->row.drain >= wanted)
        return;
    worker->row.drain = wanted;
    worker_forget_credit(worker);
    save_worker(turn, worker);
}

static void index_names(struct name_index *index, struct named *named, const char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        named[i].name = names[i];
        if (name_index_find(index, names[i]) == NULL)
            name_index_put(index, names[i], &named[i]);
        else
            named[i].found = true; /* a second time: the first is looked for */
    }
}

static const char *nearest_worker(const struct core *core, const char *name)
{
    const char **names = xcalloc(core->n_workers + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < core->n_workers; i++)
        if (is_here(core->workers[i]))
            names[count++] = core->workers[i]->row.name;
    const char *nearest = nearest_of(name, names, count);
    free(names);
    return nearest;
}

static void refuse(struct turn *turn, const struct message *message, const char *name)
{
    struct arena *arena = turn->out->arena;
    const char *nearest = nearest_worker(turn->core, name);
    const char *hint = nearest != NULL ? arena_printf(arena, "did you mean `%s`?", nearest)
                                       : "`ldt workers` lists those that are";
    reply_error(turn, message, ERROR_NOT_FOUND,
                arena_printf(arena, "no worker called `%s` is here; %s", name, hint));
}

/* Notes which names are found; false after having answered that one is not. */
static bool find_all(struct turn *turn, const struct message *message, struct name_index *index,
                     struct named *named)
{
    index_names(index, named, message->drain.workers, message->drain.n_workers);
    for (size_t i = 0; i < turn->core->n_workers; i++) {
        const struct worker *worker = turn->core->workers[i];
        struct named *of_worker = name_index_find(index, worker->row.name);
        if (of_worker != NULL && is_here(worker))
            of_worker->found = true;
    }
    for (size_t i = 0; i < message->drain.n_workers; i++) {
        if (named[i].found)
            continue;
        refuse(turn, message, named[i].name);
        return false;
    }
    return true;
}

void drain_request(struct turn *turn, const struct message *message)
{
    struct core *core = turn->core;
    struct name_index index = { 0 };
    struct named *named =
        arena_alloc(turn->out->arena, (message->drain.n_workers + 1) * sizeof *named);
    struct message answer = { .drained = { 0 } };
    bool found = find_all(turn, message, &index, named);
    for (size_t i = 0; i < core->n_workers && found; i++) {
        struct worker *worker = core->workers[i];
        bool meant = message->drain.all || name_index_find(&index, worker->row.name) != NULL;
        if (meant && is_here(worker))
            drain(turn, worker, message->drain.now, &answer);
    }
    name_index_free(&index);
    if (found)
        reply(turn, message, MESSAGE_DRAINED)->drained = answer.drained;
}
