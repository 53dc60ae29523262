#include "common/key.h"
#include "common/xalloc.h"

#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 16 << 10, KEY_BYTES = 32 };

static const struct {
    enum key_role role;
    const char *name;
} roles[] = {
    { KEY_WORKER, "worker" },
    { KEY_SUBMIT, "submit" },
    { KEY_READ, "read" },
    { KEY_SERVER, "server" },
};
enum { ROLES = sizeof roles / sizeof *roles };

const char *key_role_name(enum key_role role)
{
    for (size_t i = 0; i < ROLES; i++)
        if (roles[i].role == role)
            return roles[i].name;
    return "none";
}

enum key_role key_role_named(const char *name)
{
    for (size_t i = 0; i < ROLES; i++)
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    return KEY_NO_ROLE;
}

bool key_is_text(const char *text)
{
    unsigned char bytes[KEY_BYTES];
    bool fine = strlen(text) == KEY_TEXT && zmq_z85_decode(bytes, text) != NULL;
    explicit_bzero(bytes, sizeof bytes);
    return fine;
}

bool key_make(struct key *out, const char *name, enum key_role role, const char *server_text,
              struct error *error)
{
    *out = (struct key){ .role = role };
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->server_text, sizeof out->server_text, "%s", server_text);
    if (zmq_curve_keypair(out->public_text, out->secret_text) == 0)
        return true;
    error_set(error, "cannot make a key pair: this libzmq was built without CURVE");
    return false;
}

void key_wipe(struct key *key)
{
    explicit_bzero(key, sizeof *key);
}

/* ---- reading */

/* Whether anybody but the owner can read it, or change it. */
static bool is_exposed(const struct stat *status)
{
    mode_t forbidden = S_IRWXG | S_IRWXO;
    if (status->st_uid == 0 && geteuid() != 0)
        forbidden = S_IWGRP | S_IXGRP | S_IRWXO;
    return (status->st_mode & forbidden) != 0;
}

static bool check_file(int file, const char *path, bool *exposed, struct error *error)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        error_set(error, "cannot read the key file %s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        error_set(error, "%s is no key file: it is not even a regular file", path);
        return false;
    }
    *exposed = is_exposed(&status);
    return true;
}

/* The text of the file, to be wiped and freed; NULL with a sentence. */
static char *read_text(const char *path, bool *exposed, struct error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up */
    if (file < 0) {
        int reason = errno;
        error_set(error, "cannot read the key file %s: %s", path, strerror(reason));
        errno = reason;
        return NULL;
    }
    char *text = NULL;
    if (check_file(file, path, exposed, error)) {
        text = xcalloc(1, FILE_MAX_BYTES + 1);
        ssize_t length = read(file, text, FILE_MAX_BYTES);
        if (length <= 0 || length == FILE_MAX_BYTES || strlen(text) != (size_t)length) {
            error_set(error, "%s is no key file: `ldt keygen` makes them", path);
            explicit_bzero(text, FILE_MAX_BYTES);
            free(text);
            text = NULL;
        }
    }
    close(file);
    return text;
}

/* One line without its end: nothing, a remark, `section`, or `    name = "value"`. */
static bool is_line(const char *line, bool *in_section)
{
    static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz-";
    size_t indent = strspn(line, " ");
    const char *rest = line + indent;
    if (*rest == '\0' || *rest == '#')
        return true;
    bool fine = indent == 0 || (indent == 4 && *in_section);
    *in_section = true;
    rest += strspn(rest, name_letters);
    if (*rest == '\0')
        return fine && indent == 0;
    if (strncmp(rest, " = \"", 4) != 0)
        return false;
    rest += 4;
    rest += strcspn(rest, "\"");
    return fine && strcmp(rest, "\"") == 0;
}

/* czmq would print a line that it does not understand, and the secret with it. */
static bool is_plain(char *text)
{
    bool fine = true, in_section = false;
    for (char *line = text; fine && line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        fine = is_line(line, &in_section);
        if (end != NULL)
            *end = '\n';
        line = end != NULL ? end + 1 : NULL;
    }
    return fine;
}

static bool copy_key(char *out, zconfig_t *root, const char *place)
{
    const char *text = zconfig_get(root, place, "");
    snprintf(out, KEY_TEXT + 1, "%.*s", KEY_TEXT, text);
    return key_is_text(text);
}

static bool pair_fits(const struct key *key)
{
    char public_text[KEY_TEXT + 1];
    return zmq_curve_public(public_text, key->secret_text) == 0 &&
           strcmp(public_text, key->public_text) == 0;
}

/* The name of the first thing that is wrong, or NULL. */
static const char *take_fields(struct key *out, zconfig_t *root, bool secret)
{
    const char *name = zconfig_get(root, "metadata/name", "");
    out->role = key_role_named(zconfig_get(root, "metadata/role", ""));
    snprintf(out->name, sizeof out->name, "%s", name);
    if (strlen(name) > KEY_MAX_NAME)
        return "the name in `metadata` has more than 64 characters";
    if (out->role == KEY_NO_ROLE)
        return "`role` in `metadata` must be worker, submit, read or server";
    if (!copy_key(out->public_text, root, "curve/public-key"))
        return "there is no `public-key` of 40 characters in `curve`";
    if (!secret && zconfig_get(root, "curve/secret-key", NULL) != NULL)
        return "it holds a `secret-key`, which belongs in no public file: revoke this key and make "
               "another";
    if (secret && !copy_key(out->secret_text, root, "curve/secret-key"))
        return "there is no `secret-key` of 40 characters in `curve`: it is the public half";
    if (secret && !pair_fits(out))
        return "its public and its secret key are not of one pair";
    if (zconfig_get(root, "metadata/server-key", NULL) != NULL &&
        !copy_key(out->server_text, root, "metadata/server-key"))
        return "`server-key` in `metadata` is no key of 40 characters";
    return NULL;
}

static bool read_key(struct key *out, const char *path, bool secret, struct error *error)
{
    bool exposed = false;
    *out = (struct key){ .role = KEY_NO_ROLE };
    char *text = read_text(path, &exposed, error);
    if (text == NULL)
        return false;
    errno = 0;
    zconfig_t *root = is_plain(text) ? zconfig_str_load(text) : NULL;
    int reason = errno;
    explicit_bzero(text, FILE_MAX_BYTES);
    free(text);
    if (root == NULL && reason == ENOMEM) {
        error_set(error, "cannot read the key file %s: out of memory", path);
        errno = reason; /* it may be read later */
        return false;
    }
    const char *fault = root != NULL
                            ? take_fields(out, root, secret)
                            : "a line of it is neither `section` nor `    name = \"value\"`";
    zconfig_destroy(&root);
    if (fault == NULL && !(secret && exposed))
        return true;
    key_wipe(out);
    if (fault != NULL)
        error_set(error, "%s is no %s key file: %s; `ldt keygen` makes them", path,
                  secret ? "secret" : "public", fault);
    else
        error_set(error,
                  "others can read the secret key in %s, so it is refused: type `chmod 600 %s`; "
                  "if somebody may have read it, revoke it and make another with `ldt keygen`",
                  path, path);
    return false;
}

bool key_read_secret(struct key *out, const char *path, struct error *error)
{
    return read_key(out, path, true, error);
}

bool key_read_public(struct key *out, const char *path, struct error *error)
{
    return read_key(out, path, false, error);
}

/* ---- writing */

/* In the words of ZPL; the text is the caller's to wipe and free. */
static char *text_of(const struct key *key, bool secret)
{
    zconfig_t *root = zconfig_new("root", NULL);
    zconfig_put(root, "metadata/name", key->name);
    zconfig_put(root, "metadata/role", key_role_name(key->role));
    if (secret && key->server_text[0] != '\0')
        zconfig_put(root, "metadata/server-key", key->server_text);
    zconfig_put(root, "curve/public-key", key->public_text);
    if (secret)
        zconfig_put(root, "curve/secret-key", key->secret_text);
    char *text = zconfig_str_save(root);
    zconfig_destroy(&root);
    return text;
}

static bool write_all(int file, const char *text)
{
    size_t length = strlen(text);
    return write(file, text, length) == (ssize_t)length && fsync(file) == 0;
}

static bool write_key(const struct key *key, const char *path, bool secret, struct error *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
    if (file < 0 && errno == EEXIST) {
        error_set(error,
                  "%s exists already, and keys are never overwritten: remove it first, if nobody "
                  "uses it any more, or choose another name",
                  path);
        return false;
    }
    char *text = text_of(key, secret);
    bool fine = file >= 0 && write_all(file, text);
    if (!fine)
        error_set(error, "cannot write the key file %s: %s", path, strerror(errno));
    if (file >= 0 && close(file) != 0 && fine) {
        error_set(error, "cannot write the key file %s: %s", path, strerror(errno));
        fine = false;
    }
    if (!fine && file >= 0)
        unlink(path);
    explicit_bzero(text, strlen(text));
    free(text);
    return fine;
}

bool key_write_secret(const struct key *key, const char *path, struct error *error)
{
    return write_key(key, path, true, error);
}

bool key_write_public(const struct key *key, const char *path, struct error *error)
{
    return write_key(key, path, false, error);
}
