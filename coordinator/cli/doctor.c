/* ldt doctor - is everything in the database as the coordinator left it? */
#include "coordinator/cli/counted.h"
#include "coordinator/cli/database.h"
#include "coordinator/doctor/doctor.h"
#include "coordinator/store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { SHOWN = 100, NAMES_SHOWN = 10, SECONDS_BETWEEN_LINES = 60 };

struct report {
    struct output *output;
    int64_t limit, shown;
    bool is_terminal;
    time_t last_line;
};

static void print_finding(void *context, const struct finding *finding)
{
    struct report *report = context;
    if (report->shown == report->limit)
        return;
    report->shown++;
    output_text(report->output, finding->place);
    output_text(report->output, finding->fault);
    output_text(report->output, finding->remedy);
}

/* A line that is written over on a terminal, one line a minute elsewhere. */
static void print_progress(void *context, const char *what, int64_t done, int64_t total)
{
    struct report *report = context;
    time_t now = time(NULL);
    if (now - report->last_line < (report->is_terminal ? 1 : SECONDS_BETWEEN_LINES))
        return;
    report->last_line = now;
    fprintf(stderr, report->is_terminal ? "\r\033[Klooking at %s" : "ldt: looking at %s", what);
    if (done > 0)
        fprintf(stderr, ": %" PRId64, done);
    if (total > 0)
        fprintf(stderr, " of %" PRId64, total);
    if (!report->is_terminal)
        fputc('\n', stderr);
}

/* ---- the verdict, for people */

static void say_sound(const char *path, const char *verdict, const struct diagnosis *diagnosis)
{
    complain("%s%s: %s, %s, %s, %s and %s are what was saved; %" PRId64
             " suggestion%s out again",
             path, verdict, counted(diagnosis->searches, "search", "searches"),
             counted(diagnosis->studies, "study", "studies"),
             counted(diagnosis->trials, "trial", "trials"),
             counted(diagnosis->attempts, "attempt", "attempts"),
             counted(diagnosis->points, "point", "points"),
             diagnosis->suggestions, diagnosis->suggestions == 1 ? " comes" : "s come");
}

static void say_unaffected(const struct diagnosis *diagnosis)
{
    if (diagnosis->everywhere || diagnosis->n_sound == 0) {
        complain("%s", diagnosis->everywhere ? "every study may be affected"
                                             : "every study is affected");
        return;
    }
    fprintf(stderr, "ldt: not affected are %zu of %zu studies:", diagnosis->n_sound,
            diagnosis->n_sound + diagnosis->n_affected);
    for (size_t i = 0; i < diagnosis->n_sound && i < NAMES_SHOWN; i++)
        fprintf(stderr, "%s %s", i > 0 ? "," : "", diagnosis->sound[i]);
    fputs(diagnosis->n_sound > NAMES_SHOWN ? ", ...\n" : "\n", stderr);
}

/* What a database of an older release looks like, too. */
static void say_views(const char *path, const struct diagnosis *diagnosis)
{
    say_sound(path, ", apart from its views", diagnosis);
    complain("views hold no data, but what is read by them is not proven: they are of another "
             "release, or were changed by hand. A coordinator of this release that is started with "
             "the database, or with a copy, makes them anew");
}

static void say_damaged(const char *path, const struct report *report,
                        const struct diagnosis *diagnosis)
{
    const char *findings = counted(diagnosis->findings, "finding", "findings");
    if (report->shown < diagnosis->findings)
        complain("%s: %s, %" PRId64 " of them shown", path, findings, report->shown);
    else
        complain("%s: %s", path, findings);
    say_unaffected(diagnosis);
    complain("to go on, stop the coordinator, move %s away with its -wal and -shm, put a copy from "
             "before in its place, and start it again",
             path);
    if (diagnosis->acceptable)
        complain("without a copy, and if you know why rows differ, `ldt doctor --db %s --accept` "
                 "makes the proof anew from what stands there now; a coordinator goes on with that "
                 "if it agrees with itself",
                 path);
}

/* ---- the verb */

static int examine(sqlite3 *db, const struct arguments *arguments)
{
    struct error error;
    struct diagnosis diagnosis;
    const char *path = sqlite3_db_filename(db, "main");
    struct report report = { .output = output_begin(arguments->context.format, stdout),
                             .limit = arguments->count > 0 ? arguments->count : SHOWN,
                             .is_terminal = isatty(STDERR_FILENO) == 1,
                             .last_line = time(NULL) };
    struct doctor_listener listener = { print_finding, print_progress, &report };
    output_column(report.output, "place");
    output_column(report.output, "fault");
    output_column(report.output, "remedy");
    bool examined = doctor_examine(db, &listener, &diagnosis, &error);
    if (report.is_terminal)
        fputs("\r\033[K", stderr);
    bool sound = examined && diagnosis.findings == 0;
    int status = output_finish(&report.output, sound ? EXIT_OK : EXIT_FAILED);
    if (!examined)
        complain("%s", error.text);
    else if (sound)
        say_sound(path, " is sound", &diagnosis);
    else if (diagnosis.findings == diagnosis.views)
        say_views(path, &diagnosis);
    else
        say_damaged(path, &report, &diagnosis);
    diagnosis_free(&diagnosis);
    return status;
}

static int accept_rows(sqlite3 *db, const struct arguments *arguments)
{
    struct error error;
    const char *path = sqlite3_db_filename(db, "main");
    if (!store_accept(path, &error)) {
        complain("%s", error.text);
        return EXIT_FAILED;
    }
    complain("%s: hashes and sums are now those of the rows as they are; `ldt doctor --db %s` says "
             "whether these fit together",
             path, path);
    return EXIT_OK;
}

static int run(sqlite3 *db, const struct arguments *arguments)
{
    return arguments->accept ? accept_rows(db, arguments) : examine(db, arguments);
}

int command_doctor(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { 0, ARGUMENT_COUNT, "N", 0, "At most so many findings (default: 100)", 0 },
        { "accept", ARGUMENT_ACCEPT, NULL, 0,
          "Make hashes and sums anew from the rows as they are; no coordinator may run", 0 },
        { 0 }
    };
    static const struct verb verb = {
        .name = "ldt doctor",
        .words = "",
        .help = "Proves a database: that every row is what the coordinator saved, that trials, "
                "attempts, outcomes and curves fit together, and that every suggestion comes out "
                "again from its history.\vExit status 0: sound; 1: something was found. It works "
                "while a coordinator runs.",
        .options = options,
        .minimum = 0,
        .maximum = 0,
    };
    return database_verb(&verb, context, argc, argv, run);
}
