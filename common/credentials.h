/* credentials.h - with which key to connect: --key FILE, else the file that LDT_KEY_FILE names,
 * else none. The file also says whom to trust; where it does not, the connect file does. */
#ifndef COMMON_CREDENTIALS_H
#define COMMON_CREDENTIALS_H
#include "common/connect.h"
#include "common/frame.h"
#include "common/key.h"

struct credentials {
    struct key key;
    const char *path; /* NULL: there is no key */
};

/* key_file may be NULL; the texts of both origins must outlive the credentials. */
bool credentials_read(struct credentials *out, const char *key_file, struct error *error);
void credentials_wipe(struct credentials *credentials);

/* What frame_connect needs for this place, in *storage; *keys is NULL where both have no keys.
 * False, with the sentence, when the place wants a key and there is none, or trusts another. */
bool credentials_for(const struct credentials *credentials, const struct connect_info *place,
                     struct frame_keys *storage, const struct frame_keys **keys,
                     struct error *error);

/* Why a coordinator refused us, as a sentence that says what to do. */
void credentials_explain(const struct credentials *credentials, const struct connect_info *place,
                         const char *endpoint, enum frame_refusal refusal, struct error *out);
#endif
