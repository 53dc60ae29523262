/* A fleet of ten thousand: the worker's real state machine (worker/agent), one for each connection,
 * against a real coordinator that is killed and started again. Only the children are missing: a
 * trial ends when the schedule says so, with one point and a result. The fleet is spread over a
 * few processes ("crews"), because each connection takes four descriptors on this side.
 *
 * usage: fleet COORDINATOR DIRECTORY WORKERS SLOTS [KEYS]
 *
 * DIRECTORY is for the database; KEYS, a directory of `ldt keygen`, makes all connections CURVE:
 * LDT_KEY_FILE for the workers, LDT_SUBMIT_KEY_FILE for the search.
 *
 * Latency is counted from the time for which a result was scheduled to the RESULT_ACK, which means
 * durable; so neither a coordinator nor a generator that falls behind can hide it. */
#include "common/clock.h"
#include "tests/bench/load.h"
#include "worker/agent/agent.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
    CREWS = 4,
    MAX_SLOTS = 16,
    EVENTS = 256,
    LOOK_MS = 50, /* how often timers and connections are looked at */
    LOOKS_FOR_LOST = 4,
    LOOKS_FOR_ALL = 20,
    MAX_LATENCIES = 1 << 18,
    HISTORY = 10000, /* trials that are over before anything is measured */
    RESTARTS = 3,
    PATIENCE_MS = 120000,
    COMPLAINTS = 3, /* of the agents of one crew, that are shown */
};

/* ---- what the crews are told and what they tell, in memory that all share */

struct ledger_of_crew {
    _Atomic int64_t welcomed; /* workers, since the latest start of the coordinator */
    _Atomic int64_t kept, stale;
    _Atomic int64_t running; /* trials whose child has not ended */
    _Atomic int64_t acknowledged, refused, late;
    _Atomic int64_t n_latencies;
    double latencies_ms[MAX_LATENCIES];
};

struct board {
    _Atomic int start;    /* how often the coordinator was started */
    _Atomic int order;    /* how often `rate` changed */
    _Atomic int64_t rate; /* results a second of each crew; 0 none, -1 as fast as it goes */
    _Atomic bool measuring, leaving;
    struct ledger_of_crew crews[CREWS];
};

/* ---- a crew */

struct job { /* an attempt that a child would be running */
    struct attempt_ref ref;
    bool taken, reported;
    int64_t due_us; /* when its result was scheduled */
};

struct member {
    struct frame_socket *socket;
    struct agent *agent;
    struct job jobs[MAX_SLOTS];
    int64_t tick_ms;
    int welcomed; /* by which start of the coordinator */
};

struct crew {
    struct load load;
    struct board *board;
    struct ledger_of_crew *ledger;
    struct member *members;
    size_t count;
    int slots, epoll, number, complaints;
    size_t looks;
    struct agent_actions actions;
    uint32_t *dialling; /* members that renew their connections */
    size_t n_dialling, dialling_capacity;
    /* jobs that wait for their end, as member * MAX_SLOTS + slot */
    uint32_t *ready;
    size_t ready_first, n_ready, ready_capacity;
    int order;
    int64_t started_us, scheduled; /* of the current rate */
};

static struct job *find_job(struct crew *crew, struct member *member, struct attempt_ref ref)
{
    for (int i = 0; i < crew->slots; i++)
        if (member->jobs[i].taken && attempt_ref_equal(member->jobs[i].ref, ref))
            return &member->jobs[i];
    return NULL;
}

static void start_job(struct crew *crew, struct member *member, struct attempt_ref ref)
{
    int slot = 0;
    while (slot < crew->slots && member->jobs[slot].taken)
        slot++;
    if (slot == crew->slots)
        die("protocol", "a trial without a free slot");
    member->jobs[slot] = (struct job){ .ref = ref, .taken = true };
    size_t at = (crew->ready_first + crew->n_ready++) % crew->ready_capacity;
    crew->ready[at] = (uint32_t)((size_t)(member - crew->members) * MAX_SLOTS + (size_t)slot);
    crew->ledger->running++;
}

static void kill_job(struct crew *crew, struct member *member, struct attempt_ref ref,
                     int64_t now_ms)
{
    struct job *job = find_job(crew, member, ref);
    if (job != NULL && !job->reported) {
        job->taken = false;
        crew->ledger->running--;
    }
    struct agent_event event = { .type = AGENT_HANDED_BACK, .now_ms = now_ms, .ref = ref };
    event.reason = "";
    agent_step(member->agent, &event, &crew->actions);
}

static void complain(struct crew *crew, const char *text)
{
    if (strncmp(text, "connected", 9) != 0 && crew->complaints++ < COMPLAINTS)
        fprintf(stderr, "a worker says: %s\n", text);
}

static void dial(struct crew *crew, struct member *member)
{
    frame_close(&member->socket);
    member->socket = load_connect(&crew->load, frame_connect_fresh, &crew->load.worker_key);
    struct epoll_event event = { .events = EPOLLIN | EPOLLET,
                                 .data.u64 = (uint64_t)(member - crew->members) };
    epoll_ctl(crew->epoll, EPOLL_CTL_ADD, frame_descriptor(member->socket), &event);
}

static void renew(struct crew *crew, struct member *member)
{
    dial(crew, member);
    crew->dialling =
        xgrow(crew->dialling, crew->n_dialling, &crew->dialling_capacity, sizeof *crew->dialling);
    crew->dialling[crew->n_dialling++] = (uint32_t)(member - crew->members);
}

/* What is done adds to the list, which ends all the same. */
static void carry_out(struct crew *crew, struct member *member, int64_t now_ms)
{
    for (size_t i = 0; i < crew->actions.count; i++) {
        struct agent_action action = crew->actions.list[i];
        if (action.type == AGENT_SEND)
            load_send(&crew->load, member->socket, &action.message); /* or again, later */
        else if (action.type == AGENT_START)
            start_job(crew, member, action.ref);
        else if (action.type == AGENT_KILL || action.type == AGENT_PREEMPT)
            kill_job(crew, member, action.ref, now_ms);
        else if (action.type == AGENT_RENEW)
            renew(crew, member);
        else if (action.type == AGENT_LOG)
            complain(crew, action.text);
    }
    agent_actions_clear(&crew->actions);
    member->tick_ms = agent_next_deadline(member->agent);
}

static void tell(struct crew *crew, struct member *member, struct agent_event event)
{
    event.now_ms = clock_monotonic_ms();
    agent_step(member->agent, &event, &crew->actions);
    carry_out(crew, member, event.now_ms);
}

/* The child of this job has ended: one point, one result. */
static void report(struct crew *crew, struct member *member, struct job *job, int64_t due_us)
{
    const struct point point = { 1, NAN, "loss", 0.5 };
    const struct message result = {
        .type = MESSAGE_RESULT,
        .result = { .kind = RESULT_DONE, .reason = "", .log = "", .info = "{}", .duration_ms = 1 },
    };
    job->reported = true;
    job->due_us = due_us;
    crew->ledger->running--;
    tell(crew, member,
         (struct agent_event){
             .type = AGENT_POINTS, .ref = job->ref, .points = &point, .n_points = 1 });
    tell(crew, member,
         (struct agent_event){ .type = AGENT_EXITED, .ref = job->ref, .message = &result });
}

static void note_welcome(struct crew *crew, struct member *member, const struct message *message)
{
    if (member->welcomed == crew->board->start || !agent_connected(member->agent))
        return;
    member->welcomed = crew->board->start;
    for (size_t i = 0; i < message->welcome.n_kept; i++) {
        if (message->welcome.kept[i].stale)
            crew->ledger->stale++;
        else
            crew->ledger->kept++;
    }
    crew->ledger->welcomed++;
}

static void note_acknowledgement(struct crew *crew, struct member *member,
                                 const struct message *message)
{
    struct ledger_of_crew *ledger = crew->ledger;
    struct job *job = find_job(crew, member, message->result_ack.ref);
    if (job == NULL || message->result_ack.verdict == VERDICT_SHORT)
        return;
    if (message->result_ack.verdict == VERDICT_STALE)
        ledger->refused++;
    ledger->acknowledged++;
    if (crew->board->measuring && ledger->n_latencies < MAX_LATENCIES)
        ledger->latencies_ms[ledger->n_latencies++] = (double)(now_us() - job->due_us) / 1000;
    job->taken = false;
}

static void drain(struct crew *crew, struct member *member)
{
    struct message message;
    while (load_receive(&crew->load, member->socket, &message)) {
        if (message.type == MESSAGE_RESULT_ACK)
            note_acknowledgement(crew, member, &message);
        tell(crew, member, (struct agent_event){ .type = AGENT_MESSAGE, .message = &message });
        if (message.type == MESSAGE_WELCOME)
            note_welcome(crew, member, &message);
    }
}

/* As worker/shell does it: HELLO whenever there is a new connection. Is there one? */
static bool look_at_connection(struct crew *crew, struct member *member)
{
    struct frame_event event;
    bool is_new = false;
    while (frame_next_event(member->socket, &event)) {
        is_new = is_new || event.type == FRAME_READY;
        if (event.type == FRAME_READY)
            tell(crew, member, (struct agent_event){ .type = AGENT_MOVED });
        else if (event.type == FRAME_REFUSED && event.refusal != FRAME_BROKEN_OFF)
            die("the coordinator", "refuses our key");
    }
    return is_new;
}

/* Those whose connection is new are like the others from now on. */
static void look_at_dialling(struct crew *crew)
{
    size_t kept = 0;
    for (size_t i = 0; i < crew->n_dialling; i++) {
        uint32_t at = crew->dialling[i];
        bool is_new = look_at_connection(crew, &crew->members[at]);
        if (!is_new && !agent_connected(crew->members[at].agent))
            crew->dialling[kept++] = at;
    }
    crew->n_dialling = kept;
}

/* Timers; and connections, in turns, for each costs two system calls: those that are to come back
 * every 200 ms, the others every second. A descriptor of ZeroMQ tells of changes only, hence the
 * draining. */
static void look_around(struct crew *crew, int64_t now_ms)
{
    crew->looks++;
    for (size_t i = 0; i < crew->count; i++) {
        struct member *member = &crew->members[i];
        bool lost = member->welcomed != crew->board->start || !agent_connected(member->agent);
        size_t turns = lost ? LOOKS_FOR_LOST : LOOKS_FOR_ALL;
        if ((i + crew->looks) % turns == 0) {
            look_at_connection(crew, member);
            drain(crew, member);
        }
        if (now_ms >= member->tick_ms)
            tell(crew, member, (struct agent_event){ .type = AGENT_TICK });
    }
}

/* The next job that still runs, or NULL. */
static struct job *next_job(struct crew *crew, struct member **member)
{
    while (crew->n_ready > 0) {
        uint32_t at = crew->ready[crew->ready_first];
        crew->ready_first = (crew->ready_first + 1) % crew->ready_capacity;
        crew->n_ready--;
        *member = &crew->members[at / MAX_SLOTS];
        struct job *job = &(*member)->jobs[at % MAX_SLOTS];
        if (job->taken && !job->reported)
            return job;
    }
    return NULL;
}

static int64_t due_us(const struct crew *crew, int64_t rate)
{
    return rate < 0 ? now_us() : crew->started_us + crew->scheduled * 1000000 / rate;
}

/* Ends what is due. */
static void keep_schedule(struct crew *crew)
{
    int64_t rate = crew->board->rate;
    if (crew->order != crew->board->order) {
        crew->order = crew->board->order;
        crew->scheduled = 0;
        crew->started_us = now_us() + crew->number * 1000000 / (CREWS * (rate > 0 ? rate : 1));
    }
    for (int i = 0; rate != 0 && i < EVENTS; i++) {
        struct member *member;
        int64_t due = due_us(crew, rate);
        if (due > now_us())
            return;
        struct job *job = next_job(crew, &member);
        if (job == NULL) {
            crew->ledger->late += rate > 0;
            return;
        }
        report(crew, member, job, due);
        drain(crew, member);
        crew->scheduled++;
    }
}

static void enlist(struct crew *crew, size_t i)
{
    struct member *member = &crew->members[i];
    char name[64];
    snprintf(name, sizeof name, "bench-%d-%zu", crew->number, i);
    const struct agent_options options = {
        .name = name,
        .host = "bench",
        .cpu = "bench",
        .version = LDT_VERSION,
        .instance = ((uint64_t)now_us() << 20) + (uint64_t)crew->number * 100000 + i + 1,
        .pid = (int32_t)getpid(),
        .slots = crew->slots,
        .allow_command = true,
    };
    member->agent = agent_create(&options);
    member->tick_ms = clock_monotonic_ms() + LOOK_MS;
    dial(crew, member);
}

static void work(struct crew *crew)
{
    struct epoll_event events[EVENTS];
    int64_t looked_ms = 0;
    while (!crew->board->leaving) {
        int n = epoll_wait(crew->epoll, events, EVENTS, 1);
        for (int e = 0; e < n; e++)
            drain(crew, &crew->members[events[e].data.u64]);
        look_at_dialling(crew);
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms - looked_ms >= LOOK_MS) {
            look_around(crew, now_ms);
            looked_ms = now_ms;
        }
        keep_schedule(crew);
    }
}

/* The life of a crew's process. It ends without manners: nothing here is worth keeping. */
static void run_crew(struct board *board, int number, size_t count, int slots,
                     const struct connect_info *connect)
{
    struct crew crew = { .board = board,
                         .ledger = &board->crews[number],
                         .number = number,
                         .count = count,
                         .slots = slots };
    crew.load.connect = *connect;
    load_init(&crew.load);
    agent_actions_init(&crew.actions);
    crew.members = xcalloc(count, sizeof *crew.members);
    crew.ready_capacity = 2 * count * (size_t)slots + 1;
    crew.ready = xcalloc(crew.ready_capacity, sizeof *crew.ready);
    crew.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < count; i++)
        enlist(&crew, i);
    work(&crew);
    _exit(EXIT_SUCCESS);
}

/* ---- the coordinator */

struct fleet {
    struct load load;
    struct board *board;
    const char *coordinator, *directory, *keys;
    size_t workers;
    int slots;
    pid_t pid, crews[CREWS];
};

static void exec_coordinator(const struct fleet *fleet, const char *listen)
{
    char *database = xasprintf("%s/runs.db", fleet->directory);
    char *connect = xasprintf("%s/connect.json", fleet->directory);
    char *log = xasprintf("%s/coordinator.log", fleet->directory);
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(file, STDERR_FILENO);
    execl(fleet->coordinator, fleet->coordinator, "--db", database, "--connect", connect,
          "--listen", listen, fleet->keys != NULL ? "--keys" : NULL, fleet->keys, NULL);
    _exit(127);
}

static void start_coordinator(struct fleet *fleet, const char *listen)
{
    fleet->board->start++;
    for (int i = 0; i < CREWS; i++)
        fleet->board->crews[i].welcomed = fleet->board->crews[i].kept =
            fleet->board->crews[i].stale = 0;
    fleet->pid = fork();
    if (fleet->pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
        exec_coordinator(fleet, listen);
}

static void find_coordinator(struct fleet *fleet)
{
    struct error error = { "" };
    char *path = xasprintf("%s/connect.json", fleet->directory);
    int64_t end_ms = clock_monotonic_ms() + 10000;
    while (!connect_find(&fleet->load.connect, NULL, path, &error)) {
        if (clock_monotonic_ms() > end_ms || waitpid(fleet->pid, NULL, WNOHANG) != 0)
            die("no coordinator", error.text);
        usleep(10000);
    }
    free(path);
}

/* ---- figures */

#define SUM(fleet, field)                                                                          \
    ((fleet)->board->crews[0].field + (fleet)->board->crews[1].field +                             \
     (fleet)->board->crews[2].field + (fleet)->board->crews[3].field)
_Static_assert(CREWS == 4, "SUM adds up all crews");

static double memory_mib(const struct fleet *fleet)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)fleet->pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return (double)kib / 1024;
}

static double processor_seconds(const struct fleet *fleet)
{
    char path[64];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)fleet->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &system) != 2)
        die("the coordinator", "is gone");
    fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static size_t gather_latencies(const struct fleet *fleet, double *all)
{
    size_t count = 0;
    for (int i = 0; i < CREWS; i++) {
        size_t n = (size_t)fleet->board->crews[i].n_latencies;
        memcpy(all + count, fleet->board->crews[i].latencies_ms, n * sizeof *all);
        count += n;
    }
    qsort(all, count, sizeof *all, ascending);
    return count;
}

/* ---- the run */

static void wait_until(struct fleet *fleet, bool (*done)(const struct fleet *), const char *what)
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!done(fleet)) {
        if (clock_monotonic_ms() > end_ms)
            die("given up: not", what);
        if (waitpid(fleet->pid, NULL, WNOHANG) != 0)
            die("the coordinator", "ended; see coordinator.log");
        usleep(2000);
    }
}

static bool half_welcomed(const struct fleet *fleet)
{
    return SUM(fleet, welcomed) >= (int64_t)fleet->workers / 2;
}

static bool most_welcomed(const struct fleet *fleet)
{
    return SUM(fleet, welcomed) >= (int64_t)fleet->workers * 99 / 100;
}

static bool all_welcomed(const struct fleet *fleet)
{
    return SUM(fleet, welcomed) == (int64_t)fleet->workers;
}

static bool all_busy(const struct fleet *fleet)
{
    return SUM(fleet, running) == (int64_t)fleet->workers * fleet->slots;
}

static bool has_history(const struct fleet *fleet)
{
    return SUM(fleet, acknowledged) >= HISTORY;
}

static void set_rate(struct fleet *fleet, int64_t rate)
{
    fleet->board->rate = rate > 0 ? rate / CREWS : rate;
    fleet->board->order++;
}

static double seconds_since(int64_t started_ms)
{
    return (double)(clock_monotonic_ms() - started_ms) / 1000;
}

static void await_welcomes(struct fleet *fleet, int64_t started_ms)
{
    wait_until(fleet, half_welcomed, "half of the workers are welcomed");
    printf("half welcomed in %.1f s", seconds_since(started_ms));
    wait_until(fleet, most_welcomed, "most of the workers are welcomed");
    printf(", 99 %% in %.1f s", seconds_since(started_ms));
    wait_until(fleet, all_welcomed, "all workers are welcomed");
    printf(", all in %.1f s; %" PRId64 " trials kept, %" PRId64 " stale; coordinator %.1f s of "
           "processor time, %.0f MiB at most\n",
           seconds_since(started_ms), SUM(fleet, kept), SUM(fleet, stale), processor_seconds(fleet),
           memory_mib(fleet));
}

static void muster(struct fleet *fleet)
{
    int64_t started = clock_monotonic_ms();
    for (int i = 0; i < CREWS; i++) {
        size_t count = fleet->workers / CREWS + ((size_t)i < fleet->workers % CREWS);
        fleet->crews[i] = fork();
        if (fleet->crews[i] == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
            run_crew(fleet->board, i, count, fleet->slots, &fleet->load.connect);
    }
    printf("%zu workers, %s: ", fleet->workers, fleet->keys != NULL ? "CURVE" : "plain");
    await_welcomes(fleet, started);
}

/* Trials run everywhere, nothing ends: heartbeats only. */
static void idle(struct fleet *fleet, int seconds)
{
    wait_until(fleet, all_busy, "all slots are filled");
    double before = processor_seconds(fleet);
    sleep((unsigned)seconds);
    printf("%zu trials running, %" PRId64 " over; heartbeats take %.0f %% of a core; coordinator "
           "%.0f MiB at most\n",
           fleet->workers * (size_t)fleet->slots, SUM(fleet, acknowledged),
           100 * (processor_seconds(fleet) - before) / seconds, memory_mib(fleet));
}

static void measure(struct fleet *fleet, int64_t rate, int seconds)
{
    static double latencies[CREWS * MAX_LATENCIES];
    struct board *board = fleet->board;
    wait_until(fleet, all_busy, "all slots are filled");
    set_rate(fleet, rate);
    sleep(1);
    for (int i = 0; i < CREWS; i++)
        board->crews[i].n_latencies = board->crews[i].late = 0;
    int64_t before = SUM(fleet, acknowledged), started = now_us();
    double processor = processor_seconds(fleet);
    board->measuring = true;
    sleep((unsigned)seconds);
    board->measuring = false;
    double took = (double)(now_us() - started) / 1e6;
    double results = (double)(SUM(fleet, acknowledged) - before) / took;
    processor = processor_seconds(fleet) - processor;
    set_rate(fleet, 0);
    size_t count = gather_latencies(fleet, latencies);
    char wanted[32];
    snprintf(wanted, sizeof wanted, rate > 0 ? "%" PRId64 "/s" : "saturation", rate);
    printf("%s: %.0f results/s durable; scheduled result to acknowledgement p50 %.1f ms, p99 %.1f "
           "ms, max %.1f ms; coordinator %.0f %% of a core; %" PRId64 " not recorded, %" PRId64
           " times no trial was at hand\n",
           wanted, results, percentile(latencies, count, 0.5), percentile(latencies, count, 0.99),
           percentile(latencies, count, 1), 100 * processor / took, SUM(fleet, refused),
           SUM(fleet, late));
}

/* Everything runs; then the coordinator is killed, and started again at once. */
static void restart(struct fleet *fleet)
{
    wait_until(fleet, all_busy, "all slots are filled");
    int64_t started = clock_monotonic_ms();
    kill(fleet->pid, SIGKILL);
    waitpid(fleet->pid, NULL, 0);
    start_coordinator(fleet, fleet->load.connect.work);
    printf("kill -9 and restart: ");
    await_welcomes(fleet, started);
    if (SUM(fleet, kept) != (int64_t)fleet->workers * fleet->slots)
        die("the coordinator", "did not keep all trials");
}

static void dismiss(struct fleet *fleet)
{
    fleet->board->leaving = true;
    for (int i = 0; i < CREWS; i++)
        waitpid(fleet->crews[i], NULL, 0);
    kill(fleet->pid, SIGTERM);
    waitpid(fleet->pid, NULL, 0);
}

int main(int argc, char **argv)
{
    struct fleet fleet = { 0 };
    int seconds =
        getenv("SECONDS_EACH") != NULL ? number_argument(getenv("SECONDS_EACH"), 1, 3600) : 5;
    if (argc != 5 && argc != 6)
        die("usage", "fleet COORDINATOR DIRECTORY WORKERS SLOTS [KEYS]");
    setvbuf(stdout, NULL, _IOLBF, 0);
    fleet.coordinator = argv[1];
    fleet.directory = argv[2];
    fleet.workers = (size_t)number_argument(argv[3], 1, 60000);
    fleet.slots = number_argument(argv[4], 1, MAX_SLOTS);
    fleet.keys = argc == 6 ? argv[5] : NULL;
    fleet.board =
        mmap(NULL, sizeof *fleet.board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fleet.board == MAP_FAILED)
        die("memory", "none to share");
    start_coordinator(&fleet, "tcp://127.0.0.1:*");
    find_coordinator(&fleet);
    print_machine(fleet.load.connect.db);
    muster(&fleet);
    load_init(&fleet.load);
    load_submit(&fleet.load, "bench");
    set_rate(&fleet, -1);
    wait_until(&fleet, has_history, "there is a history");
    set_rate(&fleet, 0);
    idle(&fleet, seconds);
    measure(&fleet, 1000, seconds);
    measure(&fleet, 5000, seconds);
    for (int i = 0; i < RESTARTS; i++)
        restart(&fleet);
    measure(&fleet, -1, seconds);
    printf("coordinator %.0f MiB at most\n", memory_mib(&fleet));
    dismiss(&fleet);
    load_free(&fleet.load);
    return EXIT_SUCCESS;
}
