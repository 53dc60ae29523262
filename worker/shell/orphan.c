#include "worker/shell/orphan.h"
#include "common/xalloc.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static bool strangers_come; /* orphans that were none of our trials' */

enum { PASSES = 20 }; /* of killing all: for what was started meanwhile */

void orphan_mark(char mark[ORPHAN_MARK_BYTES], uint64_t worker, uint64_t trial)
{
    snprintf(mark, ORPHAN_MARK_BYTES, ORPHAN_MARK "=%016" PRIx64 "-%" PRIu64, worker, trial);
}

/* The mark of a process, to be freed; NULL if it has none, or none that we may read. */
static char *read_mark(pid_t pid)
{
    static const char name[] = ORPHAN_MARK "=";
    char path[48], *entry = NULL;
    size_t capacity = 0;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && !found && getdelim(&entry, &capacity, '\0', file) > 0)
        found = strncmp(entry, name, sizeof name - 1) == 0;
    if (file != NULL)
        fclose(file);
    if (!found) {
        free(entry);
        entry = NULL;
    }
    return entry;
}

static bool is_running(const struct orphan_families *families, const char *mark)
{
    for (size_t i = 0; i < families->n_marks; i++)
        if (strcmp(families->marks[i], mark) == 0)
            return true;
    return false;
}

static bool is_of_worker(const char *mark, uint64_t worker)
{
    char prefix[ORPHAN_MARK_BYTES];
    int length = snprintf(prefix, sizeof prefix, ORPHAN_MARK "=%016" PRIx64 "-", worker);
    return mark != NULL && strncmp(mark, prefix, (size_t)length) == 0;
}

static bool is_wanted(const char *mark, const struct orphan_families *families)
{
    if (is_of_worker(mark, families->worker))
        return is_running(families, mark);
    return strangers_come || families->n_marks > 0;
}

static void look_after(pid_t pid, const struct orphan_families *families)
{
    for (size_t i = 0; i < families->n_children; i++)
        if (families->children[i] == pid)
            return;
    if (waitpid(pid, NULL, WNOHANG) != 0)
        return; /* it was over */
    char *mark = read_mark(pid);
    if (!is_wanted(mark, families))
        kill(pid, SIGKILL); /* its number is taken until we reap it */
    free(mark);
}

/* All at once: the kernel's list shifts when one of them goes. */
static pid_t *list_children(size_t *count)
{
    char path[64];
    pid_t *pids = NULL;
    size_t capacity = 0;
    int pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    for (*count = 0; children != NULL && fscanf(children, "%d", &pid) == 1;) {
        pids = xgrow(pids, *count, &capacity, sizeof *pids);
        pids[(*count)++] = (pid_t)pid;
    }
    if (children != NULL)
        fclose(children);
    return pids;
}

void orphan_adopt_all(pid_t guard)
{
    size_t count;
    pid_t *pids = list_children(&count);
    strangers_come = getpid() == 1;
    for (size_t i = 0; i < count; i++)
        strangers_come |= pids[i] != guard;
    free(pids);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void orphan_sweep(const struct orphan_families *families)
{
    size_t count;
    pid_t *pids = list_children(&count);
    for (size_t i = 0; i < count; i++)
        look_after(pids[i], families);
    free(pids);
}

/* By a descriptor, so that the number cannot pass on to another process in between. */
static bool kill_if_marked(pid_t pid, uint64_t worker)
{
    int fd = pidfd_open(pid, 0);
    char *mark = fd >= 0 ? read_mark(pid) : NULL;
    bool killed = is_of_worker(mark, worker) && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
    free(mark);
    if (fd >= 0)
        close(fd);
    return killed;
}

void orphan_kill_all(uint64_t worker)
{
    bool found = true;
    for (int pass = 0; found && pass < PASSES; pass++) {
        DIR *processes = opendir("/proc");
        found = false;
        for (struct dirent *entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
            int pid = atoi(entry->d_name);
            found |= pid > 0 && pid != getpid() && kill_if_marked((pid_t)pid, worker);
        }
        if (processes != NULL)
            closedir(processes);
    }
}
