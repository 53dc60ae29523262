/* ldt keygen: the coordinator's pair, and one for each machine or person that may talk to it. */
#include "common/directory.h"
#include "common/key.h"
#include "common/xalloc.h"
#include "coordinator/cli/arguments.h"
#include "proto/text.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
    const char *server; /* --server DIR */
    const char *keys;   /* --keys DIR */
    const char *role, *output, *name;
};

static const struct argp_option table[] = {
    { "server", 's', "DIR", 0,
      "Make the coordinator's own pair, in this directory, which is made if it is missing", 0 },
    { "role", 'r', "ROLE", 0,
      "What the new key is for: worker (runs trials), submit (all that ldt can ask) or read "
      "(looks)",
      0 },
    { "keys", 'k', "DIR", 0, "The directory that --server made; the new key is admitted there", 0 },
    { "output", 'o', "FILE", 0, "Where to write the secret (NAME.key)", 0 },
    { 0 },
};

static error_t parse(int option, char *text, struct argp_state *state)
{
    struct request *request = state->input;
    switch (option) {
    case 's':
        request->server = text;
        return 0;
    case 'r':
        request->role = text;
        return 0;
    case 'k':
        request->keys = text;
        return 0;
    case 'o':
        request->output = text;
        return 0;
    case ARGP_KEY_ARG:
        if (request->name != NULL)
            argp_error(state, "one NAME at a time; `%s` is too much", text);
        request->name = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* NULL if the request makes sense. */
static const char *fault_of(const struct request *request)
{
    if (request->server != NULL && request->server[0] == '\0')
        return "--server needs the name of a directory";
    if (request->server != NULL)
        return request->role != NULL || request->name != NULL || request->keys != NULL ||
                       request->output != NULL
                   ? "--server DIR stands alone"
                   : NULL;
    if (request->role == NULL || request->keys == NULL || request->name == NULL)
        return "give --server DIR, or --role ROLE NAME --keys DIR";
    enum key_role role = key_role_named(request->role);
    if (role != KEY_WORKER && role != KEY_SUBMIT && role != KEY_READ)
        return "--role is worker, submit or read";
    if (strlen(request->name) > KEY_MAX_NAME || !text_is_name(request->name) ||
        request->name[0] == '.')
        return "a name is 1 to 64 of letters, digits, `.`, `_` and `-`, not beginning with `.`";
    return NULL;
}

/* Whoever is admitted already knew another coordinator. */
static bool is_empty(const char *allowed, struct error *error)
{
    if (rmdir(allowed) == 0 || errno == ENOENT)
        return true;
    error_set(error,
              "%s admits others already, and their keys name another coordinator: take a new "
              "or empty directory",
              allowed);
    return false;
}

/* DIR/server.key and DIR/server.pub, and DIR/allowed for the others. */
static bool make_server(const struct request *request, struct error *error)
{
    struct key key;
    char *allowed = xasprintf("%s/allowed", request->server);
    char *secret = xasprintf("%s/server.key", request->server);
    char *public = xasprintf("%s/server.pub", request->server);
    bool fine = directory_make(request->server, 0700, error) &&
                (access(secret, F_OK) == 0 || is_empty(allowed, error)) &&
                directory_make(allowed, 0700, error) &&
                key_make(&key, "coordinator", KEY_SERVER, "", error) &&
                key_write_secret(&key, secret, error) && key_write_public(&key, public, error);
    key_wipe(&key);
    if (fine)
        printf("The coordinator's key is %s: it stays there, and nobody else may read it.\n"
               "Start the coordinator with --keys %s, and make a key for each machine and person:\n"
               "    ldt keygen --role worker NAME --keys %s\n",
               secret, request->server, request->server);
    free(allowed);
    free(secret);
    free(public);
    return fine;
}

/* The public half into the list, the secret to whom it belongs. The secret first: a key that is
 * admitted and that nobody has would look like one in use. */
static bool write_pair(const struct request *request, const struct key *key, const char *output,
                       struct error *error)
{
    char *admitted = xasprintf("%s/allowed/%s.pub", request->keys, request->name);
    bool fine = access(admitted, F_OK) != 0;
    if (!fine)
        error_set(error,
                  "there is a key named %s already: %s; remove that file to revoke it, or choose "
                  "another name",
                  request->name, admitted);
    fine = fine && key_write_secret(key, output, error);
    if (fine && !key_write_public(key, admitted, error)) {
        unlink(output);
        fine = false;
    }
    if (fine)
        printf("%s is the secret of %s, role %s. Copy it to where it is used, and nowhere else:\n"
               "    %s --key %s\n"
               "%s admits it, within a second; remove that file to revoke it.\n",
               output, request->name, request->role,
               key->role == KEY_WORKER ? "ldt-worker" : "ldt status", output, admitted);
    free(admitted);
    return fine;
}

static bool read_server(struct key *server, const char *path, const char *directory,
                        struct error *error)
{
    if (access(path, F_OK) == 0)
        return key_read_public(server, path, error);
    error_set(error,
              "there is no %s; make the coordinator's own keys first: ldt keygen --server %s", path,
              directory);
    return false;
}

static bool make_member(const struct request *request, struct error *error)
{
    struct key server, key;
    char *path = xasprintf("%s/server.pub", request->keys);
    char *output =
        request->output != NULL ? xstrdup(request->output) : xasprintf("%s.key", request->name);
    bool fine =
        read_server(&server, path, request->keys, error) &&
        key_make(&key, request->name, key_role_named(request->role), server.public_text, error);
    if (fine) {
        fine = write_pair(request, &key, output, error);
        key_wipe(&key);
    }
    free(path);
    free(output);
    return fine;
}

int command_keygen(const struct context *context, int argc, char **argv)
{
    static const struct argp argp = {
        .options = table,
        .parser = parse,
        .args_doc = "--server DIR\n--role worker|submit|read NAME --keys DIR",
        .doc = "Makes a key pair. The coordinator's first, then one for each machine or person: "
               "its public half is put among the allowed ones, its secret into a file for you to "
               "copy.\vNothing is ever overwritten. Who is admitted is a directory, DIR/allowed: "
               "remove a file there and that key is cut off within a second.",
    };
    struct request request = { 0 };
    struct error error = { "" };
    argp_err_exit_status = EXIT_USAGE;
    argv[0] = (char *)(uintptr_t) "ldt keygen"; /* its name in usage and errors */
    if (argp_parse(&argp, argc, argv, 0, NULL, &request) == ENOMEM)
        xalloc_fail(0);
    const char *fault = fault_of(&request);
    if (fault != NULL) {
        complain("keygen: %s; `ldt keygen --help` tells more", fault);
        return EXIT_USAGE;
    }
    if (request.server != NULL ? make_server(&request, &error) : make_member(&request, &error))
        return EXIT_OK;
    complain("%s", error.text);
    return EXIT_FAILED;
}
