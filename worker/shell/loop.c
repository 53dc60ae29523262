#include "worker/shell/loop.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/xalloc.h"
#include "worker/shell/guard.h"
#include "worker/shell/keeper.h"
#include "worker/shell/link.h"
#include "worker/shell/orphan.h"
#include "worker/shell/result.h"
#include "worker/shell/stall.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { MESSAGES_PER_TURN = 1000 };

struct runner { /* one attempt on this machine */
    struct loop *loop;
    struct attempt_ref ref;
    char *study, *checkpoint_key;
    char mark[ORPHAN_MARK_BYTES];
    enum child_start started; /* CHILD_STARTED, else `refusal` says why not */
    struct error refusal;
    struct child child;
};

struct loop {
    struct agent *agent;
    struct agent_actions actions;
    struct link *link;
    struct keeper *keeper;
    struct arena *arena; /* of one message or one result */
    struct runner *runners[AGENT_MAX_SLOTS];
    size_t n_runners;
    uint64_t instance;  /* of this worker: for the marks of processes, */
    uint64_t n_started; /* and so is this: how many trials it has started */
    bool child_ended;   /* some child, perhaps an orphan, or a trial is over */
    int signals;        /* signalfd */
    int64_t now_ms;
    bool leaving, leaving_at_once; /* by a signal */
    struct error unsupported;      /* why the coordinator cannot be spoken to; "" it can */
    bool finished;
};

static void carry_out(struct loop *loop);

static void tell(struct loop *loop, struct agent_event event)
{
    event.now_ms = loop->now_ms;
    agent_step(loop->agent, &event, &loop->actions);
    carry_out(loop);
}

/* ---- attempts -------------------------------------------------------------------------------- */

static struct runner *find_runner(struct loop *loop, struct attempt_ref ref)
{
    for (size_t i = 0; i < loop->n_runners; i++)
        if (attempt_ref_equal(loop->runners[i]->ref, ref))
            return loop->runners[i];
    return NULL;
}

static bool is_started(const struct runner *runner)
{
    return runner->started == CHILD_STARTED;
}

static void forward_points(void *context, const struct point *points, size_t count)
{
    struct runner *runner = context;
    tell(runner->loop,
         (struct agent_event){
             .type = AGENT_POINTS, .ref = runner->ref, .points = points, .n_points = count });
}

static enum child_start launch(struct loop *loop, struct runner *runner,
                               const struct message *trial)
{
    struct child_sink sink = { forward_points, runner };
    struct child_limits limits = { trial->trial.max_duration_ms, trial->trial.max_silence_ms };
    struct arena *arena = loop->actions.arena;
    struct launch launch;
    struct launch_extras extras = { .mark = runner->mark };
    extras.checkpoint_dir =
        keeper_claim(loop->keeper, trial->trial.checkpoint_key, runner->ref.attempt, arena);
    if (!launch_prepare(&launch, trial, &extras, arena, &runner->refusal))
        return CHILD_REFUSED;
    struct child_output *output = child_output_create(&sink);
    enum child_start started =
        child_start(&runner->child, &launch, output, &limits, loop->now_ms, &runner->refusal);
    if (started != CHILD_STARTED)
        child_output_destroy(&output);
    return started;
}

static void start(struct loop *loop, const struct message *trial)
{
    struct runner *runner = xcalloc(1, sizeof *runner);
    runner->loop = loop;
    runner->ref = trial->trial.ref;
    runner->study = xstrdup(trial->trial.study_name);
    runner->checkpoint_key = xstrdup(trial->trial.checkpoint_key);
    orphan_mark(runner->mark, loop->instance, ++loop->n_started);
    runner->started = launch(loop, runner, trial);
    loop->runners[loop->n_runners++] = runner;
    if (is_started(runner))
        log_event(LOG_INFO, "trial-started", "study=%s trial=%lld attempt=%d pid=%d",
                  log_quote(runner->study), (long long)runner->ref.trial, runner->ref.attempt,
                  (int)runner->child.pid);
}

static void report_end(struct loop *loop, struct runner *runner)
{
    static const char *const kinds[] = { "", "done", "failed", "died", "timeout", "refused" };
    struct agent_event event = { .type = AGENT_EXITED, .ref = runner->ref };
    struct message result;
    const char *reason = "", *kind = "handed-back";
    arena_reset(loop->arena);
    if (runner->started == CHILD_NO_ROOM) {
        event.type = AGENT_HANDED_BACK; /* not the trial's fault: others may have room */
        reason = runner->refusal.text;
    } else if (runner->started == CHILD_REFUSED) {
        result_of_refusal(&result, runner->refusal.text, loop->arena);
    } else {
        child_output_end(runner->child.output); /* may still report points */
        if (!result_of_child(&result, &runner->child, &reason, loop->arena))
            event.type = AGENT_HANDED_BACK;
    }
    if (event.type == AGENT_EXITED) {
        event.message = &result;
        reason = result.result.reason;
        kind = kinds[result.result.kind];
    }
    event.reason = reason;
    log_event(LOG_INFO, "trial-ended", "study=%s trial=%lld attempt=%d result=%s why=%s",
              log_quote(runner->study), (long long)runner->ref.trial, runner->ref.attempt, kind,
              log_quote(reason));
    tell(loop, event);
}

static void destroy_runner(struct runner *runner)
{
    if (is_started(runner))
        child_destroy(&runner->child);
    keeper_leave(runner->loop->keeper, runner->checkpoint_key, runner->ref.attempt);
    free(runner->study);
    free(runner->checkpoint_key);
    free(runner);
}

static void finish_runners(struct loop *loop)
{
    for (size_t i = 0; i < loop->n_runners;) {
        struct runner *runner = loop->runners[i];
        if (is_started(runner) && !child_is_over(&runner->child)) {
            i++;
            continue;
        }
        loop->runners[i] = loop->runners[--loop->n_runners];
        report_end(loop, runner);
        destroy_runner(runner);
        loop->child_ended = true;
    }
}

/* What trials have left behind. Each end of an orphan is a reason to look again. */
static void sweep_orphans(struct loop *loop)
{
    const char *marks[AGENT_MAX_SLOTS];
    pid_t children[AGENT_MAX_SLOTS + 1] = { guard_pid() };
    struct orphan_families families = {
        .worker = loop->instance, .marks = marks, .children = children, .n_children = 1
    };
    if (!loop->child_ended)
        return;
    loop->child_ended = false;
    for (size_t i = 0; i < loop->n_runners; i++) {
        if (!is_started(loop->runners[i]))
            continue;
        marks[families.n_marks++] = loop->runners[i]->mark;
        children[families.n_children++] = loop->runners[i]->child.pid;
    }
    orphan_sweep(&families);
}

static void read_runners(struct loop *loop)
{
    for (size_t i = 0; i < loop->n_runners; i++) {
        struct runner *runner = loop->runners[i];
        if (!is_started(runner))
            continue;
        child_reap(&runner->child, loop->now_ms);
        child_read(&runner->child, agent_accepts_points(loop->agent, runner->ref), loop->now_ms);
        child_tick(&runner->child, loop->now_ms);
    }
}

/* ---- what the agent wants -------------------------------------------------------------------- */

static void end(struct loop *loop, struct attempt_ref ref, enum child_ending why)
{
    struct runner *runner = find_runner(loop, ref);
    if (runner != NULL && is_started(runner))
        child_end(&runner->child, why, loop->now_ms);
}

static void carry_out(struct loop *loop)
{
    for (size_t i = 0; i < loop->actions.count; i++) {
        const struct agent_action *action = &loop->actions.list[i];
        switch (action->type) {
        case AGENT_SEND:
            link_send(loop->link, &action->message);
            break;
        case AGENT_START:
            start(loop, &action->message);
            break;
        case AGENT_KILL:
            end(loop, action->ref, CHILD_KILLED);
            break;
        case AGENT_PRUNE:
            end(loop, action->ref, CHILD_PRUNED);
            break;
        case AGENT_PREEMPT:
            end(loop, action->ref, CHILD_PREEMPTED);
            break;
        case AGENT_SETTLED:
            keeper_settle(loop->keeper, action->text, action->ref.attempt, action->superseded,
                          loop->now_ms);
            break;
        case AGENT_RENEW:
            link_renew(loop->link);
            break;
        case AGENT_LOG:
            log_event(LOG_INFO, "agent", "what=%s", log_quote(action->text));
            break;
        case AGENT_FINISHED:
            loop->finished = true;
            break;
        }
    }
    agent_actions_clear(&loop->actions);
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void take_signal(struct loop *loop, int number)
{
    bool again = loop->leaving && number == SIGINT;
    log_event(LOG_INFO, "leaving", "signal=%d%s", number, again ? " how=\"at once\"" : "");
    loop->leaving_at_once |= again;
    loop->leaving = true;
    tell(loop, (struct agent_event){ .type = AGENT_STOP });
}

static void take_signals(struct loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            loop->child_ended = true; /* read_runners looks at every trial anyway */
        else
            take_signal(loop, (int)info.ssi_signo);
    }
}

/* Where a person, or a test, can see what this worker was promised to be durable. */
static void log_promise(const struct message *message)
{
    const struct attempt_ref ref = message->result_ack.ref;
    if (message->type == MESSAGE_RESULT_ACK && message->result_ack.verdict == VERDICT_RECORDED)
        log_event(LOG_INFO, "result-recorded", "study=%lld trial=%lld attempt=%d",
                  (long long)ref.study, (long long)ref.trial, ref.attempt);
}

/* The agent leaves for it. */
static void note_unsupported(struct loop *loop, const struct message *message)
{
    if (message->type == MESSAGE_ERROR && message->error.code == ERROR_UNSUPPORTED)
        error_set(&loop->unsupported, "the coordinator speaks another protocol: %s",
                  message->error.text);
}

static void take_messages(struct loop *loop)
{
    struct message message;
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        arena_reset(loop->arena);
        enum link_received received = link_receive(loop->link, &message, loop->arena);
        if (received == LINK_NOTHING)
            return;
        if (received != LINK_MESSAGE)
            continue;
        log_promise(&message);
        note_unsupported(loop, &message);
        tell(loop, (struct agent_event){ .type = AGENT_MESSAGE, .message = &message });
    }
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_deadline(const struct loop *loop)
{
    int64_t next = earliest(agent_next_deadline(loop->agent), loop->now_ms + STALL_PULSE_MS);
    next = earliest(next, link_next_deadline(loop->link));
    next = earliest(next, keeper_next_deadline(loop->keeper));
    for (size_t i = 0; i < loop->n_runners; i++) {
        const struct runner *runner = loop->runners[i];
        if (!is_started(runner) || child_is_over(&runner->child))
            return loop->now_ms;
        next = earliest(next, child_next_deadline(&runner->child));
    }
    return next;
}

/* Comes before anything is held against a trial. */
static void pass_time(struct loop *loop, int64_t due_ms)
{
    int64_t now_ms = clock_monotonic_ms(), lost_ms = stall_ms(loop->now_ms, due_ms, now_ms);
    loop->now_ms = now_ms;
    if (lost_ms == 0)
        return;
    log_event(LOG_INFO, "stalled",
              "ms=%lld why=\"this worker did not run; its trials are not charged for it\"",
              (long long)lost_ms);
    for (size_t i = 0; i < loop->n_runners; i++)
        if (is_started(loop->runners[i]))
            child_excuse(&loop->runners[i]->child, lost_ms);
}

/* Sleeps until something can be done: a message, a signal, output that is wanted, a deadline. */
static void wait_for_something(struct loop *loop)
{
    int descriptors[1 + 2 * AGENT_MAX_SLOTS];
    bool ready[1 + 2 * AGENT_MAX_SLOTS];
    size_t count = 0;
    struct frame_socket *socket = link_socket(loop->link);
    descriptors[count++] = loop->signals;
    for (size_t i = 0; i < loop->n_runners; i++) {
        const struct runner *runner = loop->runners[i];
        if (runner->child.stderr_fd >= 0 && is_started(runner))
            descriptors[count++] = runner->child.stderr_fd;
        if (runner->child.stdout_fd >= 0 && is_started(runner) &&
            agent_accepts_points(loop->agent, runner->ref))
            descriptors[count++] = runner->child.stdout_fd;
    }
    int64_t next_ms = next_deadline(loop);
    int64_t wait_ms = next_ms > loop->now_ms ? next_ms - loop->now_ms : 0;
    frame_wait(&socket, socket != NULL, descriptors, ready, count, wait_ms);
    pass_time(loop, next_ms);
}

static void turn(struct loop *loop)
{
    wait_for_something(loop);
    take_signals(loop);
    if (link_find(loop->link, agent_connected(loop->agent), loop->now_ms))
        tell(loop, (struct agent_event){ .type = AGENT_MOVED });
    take_messages(loop);
    read_runners(loop);
    finish_runners(loop);
    sweep_orphans(loop);
    keeper_tick(loop->keeper, loop->now_ms);
    tell(loop, (struct agent_event){ .type = AGENT_TICK });
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* Blocked here and in every thread that starts later; children get the defaults back. */
static int open_signals(void)
{
    sigset_t set;
    signals_to_leave(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* of the log, where files are limited */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Two pipes for each trial, and what starting one takes. Programs that the limit is passed on to
 * stay below 1024 unless there are very many slots. */
static void raise_descriptor_limit(int32_t slots)
{
    struct rlimit limit;
    rlim_t wanted = 64 + 4 * (rlim_t)slots;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Who starts workers again when they fail shall do so if nobody asked this one to leave. */
static int exit_status(const struct loop *loop)
{
    if (loop->leaving_at_once)
        return 1;
    if (loop->leaving || loop->unsupported.text[0] == '\0')
        return 0;
    log_event(LOG_ERROR, "left", "why=%s", log_quote(loop->unsupported.text));
    return 1;
}

/* The guard first: before there are threads or sockets. */
static bool begin(struct loop *loop, const struct loop_options *options, struct error *error)
{
    struct link_options link = { options->coordinator, options->connect_file, options->key_file,
                                 options->agent.allow_command };
    if (!guard_start(options->agent.instance, error) || !link_create(&loop->link, &link, error))
        return false;
    loop->keeper = keeper_create(options->checkpoints, clock_monotonic_ms());
    loop->signals = open_signals();
    if (loop->signals < 0) {
        error_set(error, "cannot receive signals: %s", strerror(errno));
        return false;
    }
    raise_descriptor_limit(options->agent.slots);
    orphan_adopt_all(guard_pid());
    loop->instance = options->agent.instance;
    loop->now_ms = clock_monotonic_ms();
    loop->agent = agent_create(&options->agent);
    loop->arena = arena_create(64 << 10);
    agent_actions_init(&loop->actions);
    return true;
}

static void clean_up(struct loop *loop)
{
    for (size_t i = 0; i < loop->n_runners; i++)
        destroy_runner(loop->runners[i]);
    keeper_finish(loop->keeper, loop->now_ms);
    agent_actions_free(&loop->actions);
    arena_destroy(&loop->arena);
    link_destroy(&loop->link);
    keeper_destroy(&loop->keeper);
    agent_destroy(&loop->agent);
    close(loop->signals);
}

int loop_run(const struct loop_options *options)
{
    struct loop loop = { 0 };
    struct error error = { "" };
    if (!begin(&loop, options, &error)) {
        log_event(LOG_ERROR, "cannot-start", "why=%s", log_quote(error.text));
        return 1;
    }
    while (!loop.finished && !loop.leaving_at_once)
        turn(&loop);
    clean_up(&loop);
    return exit_status(&loop);
}
