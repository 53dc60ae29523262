/* Running gnuplot: a script in, a picture out. */
#include "coordinator/report/plot.h"
#include "common/utf8.h"
#include "coordinator/report/escape.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCRIPT_MAXIMUM = 64 << 20, PICTURE_MAXIMUM = 64 << 20, COMPLAINT_BYTES = 400 };

extern char **environ;

/* Its three standard streams, as files without a name. */
struct streams {
    FILE *in, *out, *err;
};

static void streams_close(struct streams *streams)
{
    FILE *files[] = { streams->in, streams->out, streams->err };
    for (size_t i = 0; i < 3; i++) {
        if (files[i] != NULL)
            fclose(files[i]);
    }
}

static bool streams_open(struct streams *streams, const struct buf *script, struct error *error)
{
    *streams = (struct streams){ tmpfile(), tmpfile(), tmpfile() };
    if (streams->in != NULL && streams->out != NULL && streams->err != NULL &&
        fwrite(script->bytes, 1, script->length, streams->in) == script->length &&
        fflush(streams->in) == 0 && lseek(fileno(streams->in), 0, SEEK_SET) == 0)
        return true;
    error_set(error, "cannot write a temporary file: %s", strerror(errno));
    streams_close(streams);
    return false;
}

/* Waits for gnuplot; its wait status, -1 if it could not start. -d: no settings of the user. */
static int run(const struct streams *streams, struct error *error)
{
    char name[] = "gnuplot", defaults[] = "-d", script[] = "-";
    char *const arguments[] = { name, defaults, script, NULL };
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(streams->in), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(streams->out), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(streams->err), STDERR_FILENO);
    int fault = posix_spawnp(&child, name, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (fault == ENOENT)
        error_set(error, "figures are drawn by gnuplot, which is not installed: apt-get install "
                         "gnuplot-nox");
    else if (fault != 0)
        error_set(error, "cannot start gnuplot: %s", strerror(fault));
    if (fault != 0)
        return -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static bool read_all(struct buf *out, FILE *file)
{
    char block[1 << 16];
    size_t count;
    rewind(file);
    while ((count = fread(block, 1, sizeof block, file)) > 0) {
        if (!buf_add(out, block, count))
            return false;
    }
    return !ferror(file);
}

/* Its status decides: a script from a pipe ends at the first fault. What it says beside a picture
 * is a warning. */
static bool refuse(const struct streams *streams, int status, struct error *error)
{
    char words[COMPLAINT_BYTES] = "";
    if (status == 0)
        return false;
    rewind(streams->err);
    words[fread(words, 1, sizeof words - 1, streams->err)] = '\0';
    utf8_mask_controls(words, ' ');
    error_set(error, "gnuplot failed (status %d): %s", status, words);
    return true;
}

static bool run_gnuplot(struct buf *out, const struct buf *script, struct error *error)
{
    struct streams streams;
    if (!streams_open(&streams, script, error))
        return false;
    int status = run(&streams, error);
    bool good = status != -1 && !refuse(&streams, status, error);
    if (good && !read_all(out, streams.out)) {
        error_set(error, "the picture is larger than %d MiB: ask for fewer studies at once",
                  PICTURE_MAXIMUM >> 20);
        good = false;
    } else if (good && out->length == 0) {
        error_set(error, "gnuplot drew nothing");
        good = false;
    }
    streams_close(&streams);
    return good;
}

/* ---- what varies is taken out of an SVG ---------------------------------------------------- */

static bool starts(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

/* gnuplot leaves a '>' as it is, which XML allows but after "]]". */
static void add_line(struct buf *out, const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '>' && i >= 2 && line[i - 1] == ']' && line[i - 2] == ']')
            buf_text(out, "&gt;");
        else
            buf_add(out, &line[i], 1);
    }
}

/* The release of gnuplot goes, the figure's title comes. */
static void clean_svg(struct buf *out, const struct buf *raw, const struct figure *figure)
{
    for (const char *line = raw->bytes; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        if (line[length - 1] == '\0')
            length--;
        if (starts(line, "<title>")) {
            buf_text(out, "<title>");
            escape_html(out, figure->title);
            buf_text(out, "</title>\n");
        } else if (!starts(line, "<desc>")) {
            add_line(out, line, length);
        }
        line += length;
    }
}

bool plot_draw(struct buf *out, const struct figure *figure, enum plot_format format,
               struct error *error)
{
    struct buf script, raw;
    buf_init(&script, SCRIPT_MAXIMUM);
    buf_init(&raw, PICTURE_MAXIMUM);
    plot_script(&script, figure, format);
    bool good = !script.overflowed;
    if (!good)
        error_set(error, "%s has too many points to draw", figure->name);
    good = good && run_gnuplot(&raw, &script, error);
    if (good && format == PLOT_SVG)
        clean_svg(out, &raw, figure);
    else if (good)
        buf_add(out, raw.bytes, raw.length);
    if (good && out->overflowed) {
        error_set(error, "%s is too large a picture", figure->name);
        good = false;
    }
    buf_free(&script);
    buf_free(&raw);
    return good;
}
