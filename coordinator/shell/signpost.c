#include "coordinator/shell/signpost.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "coordinator/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The endpoint as others should write it: nobody can connect to 0.0.0.0 on another machine. */
static char *advertised(const char *endpoint, const char *host)
{
    bool everywhere =
        strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0 || strncmp(endpoint, "tcp://[::]:", 11) == 0;
    char name[256] = "";
    if (host == NULL && everywhere && gethostname(name, sizeof name - 1) == 0)
        host = name;
    if (host == NULL || host[0] == '\0' || strncmp(endpoint, "tcp://", 6) != 0)
        return xstrdup(endpoint);
    bool bare_ipv6 = strchr(host, ':') != NULL && host[0] != '[';
    return xasprintf(bare_ipv6 ? "tcp://[%s]%s" : "tcp://%s%s", host, strrchr(endpoint, ':'));
}

static void fill(struct connect_info *info, const struct options *options, const char *endpoint,
                 const char *public_key)
{
    char *address = advertised(endpoint, options->advertise);
    char *absolute = realpath(options->database, NULL);
    snprintf(info->work, sizeof info->work, "%s", address);
    snprintf(info->client, sizeof info->client, "%s", address);
    snprintf(info->server_key, sizeof info->server_key, "%s", public_key);
    snprintf(info->db, sizeof info->db, "%s", absolute != NULL ? absolute : options->database);
    free(absolute);
    free(address);
}

static bool choose_path(struct signpost *signpost, const char *asked, struct error *error)
{
    size_t bytes = sizeof signpost->path;
    if (asked == NULL)
        return connect_default_path(signpost->path, bytes, error);
    error_set(error, "the path of the connect file is too long");
    return (size_t)snprintf(signpost->path, bytes, "%s", asked) < bytes;
}

/* Does the file name a coordinator that runs, on this machine? One on another cannot be seen. */
static bool is_free(const struct signpost *signpost, struct error *error)
{
    struct connect_info *former = xcalloc(1, sizeof *former);
    struct error ignored;
    bool other = access(signpost->path, F_OK) == 0 &&
                 connect_find(former, NULL, signpost->path, &ignored) &&
                 strcmp(former->db, signpost->info.db) != 0;
    bool taken = other && former->db[0] != '\0' && store_in_use(former->db);
    if (taken)
        error_set(error,
                  "another coordinator is found by %s and runs (%s, database %s): give this one a "
                  "file of its own with --connect FILE, for -c FILE of those who shall find it; or "
                  "they name it with --coordinator %s",
                  signpost->path, former->work, former->db, signpost->info.work);
    else if (other)
        log_event(LOG_WARN, "connect-file-replaced", "file=%s former_endpoint=%s former_db=%s",
                  log_quote(signpost->path), log_quote(former->work), log_quote(former->db));
    free(former);
    return !taken;
}

bool signpost_put_up(struct signpost *signpost, const struct options *options, const char *endpoint,
                     const char *public_key, struct error *error)
{
    const char *asked = options->connect_file, *event = "no-connect-file";
    fill(&signpost->info, options, endpoint, public_key);
    bool fine = choose_path(signpost, asked, error);
    if (fine && !is_free(signpost, error)) {
        event = "connect-file-in-use";
        fine = false;
    }
    if (fine && connect_write(signpost->path, &signpost->info, error))
        return true;
    signpost->path[0] = '\0';
    if (asked == NULL)
        log_event(LOG_WARN, event, "why=%s", log_quote(error->text));
    return asked == NULL;
}

void signpost_take_down(struct signpost *signpost)
{
    if (signpost->path[0] != '\0')
        connect_remove(signpost->path, &signpost->info);
    signpost->path[0] = '\0';
}
