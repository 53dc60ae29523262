#include "common/credentials.h"

#include <stdlib.h>
#include <string.h>

#define HOW_TO_GET_ONE                                                                             \
    "name yours by --key FILE or LDT_KEY_FILE; whoever runs the coordinator makes one with `ldt "  \
    "keygen --role`"

bool credentials_read(struct credentials *out, const char *key_file, struct error *error)
{
    const char *environment = getenv("LDT_KEY_FILE");
    *out = (struct credentials){ .path = key_file };
    if (key_file == NULL && environment != NULL && environment[0] != '\0')
        out->path = environment;
    return out->path == NULL || key_read_secret(&out->key, out->path, error);
}

void credentials_wipe(struct credentials *credentials)
{
    key_wipe(&credentials->key);
    credentials->path = NULL;
}

bool credentials_for(const struct credentials *credentials, const struct connect_info *place,
                     struct frame_keys *storage, const struct frame_keys **keys,
                     struct error *error)
{
    const struct key *key = &credentials->key;
    *keys = NULL;
    if (credentials->path == NULL && place->server_key[0] == '\0')
        return true;
    if (credentials->path == NULL) {
        error_set(error, "%s: this coordinator admits only who has a key: " HOW_TO_GET_ONE,
                  place->origin);
        return false;
    }
    const char *trusted = key->server_text[0] != '\0' ? key->server_text : place->server_key;
    if (trusted[0] == '\0') {
        error_set(error,
                  "%s does not say which coordinator to trust, nor does %s: make the key with `ldt "
                  "keygen`, or use the coordinator's connect file",
                  credentials->path, place->origin);
        return false;
    }
    if (place->server_key[0] != '\0' && strcmp(place->server_key, trusted) != 0) {
        error_set(error,
                  "%s is a key for another coordinator than the one of %s: ask whoever runs that "
                  "for a key of your own",
                  credentials->path, place->origin);
        return false;
    }
    *storage = (struct frame_keys){ key->public_text, key->secret_text, trusted };
    *keys = storage;
    return true;
}

void credentials_explain(const struct credentials *credentials, const struct connect_info *place,
                         const char *endpoint, enum frame_refusal refusal, struct error *out)
{
    if (refusal == FRAME_NOT_ADMITTED)
        error_set(out,
                  "the coordinator at %s does not know this key (%s, public key %s): it was "
                  "revoked, or its public half is not among the allowed ones yet",
                  endpoint, credentials->path, credentials->key.public_text);
    else if (credentials->path == NULL) /* whichever end noticed first that only one has keys */
        error_set(out, "the coordinator at %s (from %s) needs a key: " HOW_TO_GET_ONE, endpoint,
                  place->origin);
    else if (refusal == FRAME_MISMATCH)
        error_set(out,
                  "the coordinator at %s (from %s) has no keys, so nothing proves that it is the "
                  "one of %s: if it is meant to be without, use no --key and no LDT_KEY_FILE",
                  endpoint, place->origin, credentials->path);
    else
        error_set(out,
                  "%s (from %s) breaks every handshake off: it is another coordinator than the one "
                  "that %s was made for, or none, or has more connections than it can take",
                  endpoint, place->origin, credentials->path);
}
