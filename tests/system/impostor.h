/* impostor.h - a program that workers take for a coordinator: it listens, and a connect file says
 * where. */
#ifndef TESTS_SYSTEM_IMPOSTOR_H
#define TESTS_SYSTEM_IMPOSTOR_H
#include "common/connect.h"
#include "common/frame.h"
#include "common/message.h"

#include <stdio.h>

static inline bool impostor_listen(struct frame_socket **socket, const char *connect_file,
                                   struct error *error)
{
    static struct connect_info place;
    if (!frame_listen(socket, "tcp://127.0.0.1:*", MESSAGE_MAX_BYTES, NULL, error))
        return false;
    snprintf(place.work, sizeof place.work, "%s", frame_endpoint(*socket));
    snprintf(place.client, sizeof place.client, "%s", place.work);
    return connect_write(connect_file, &place, error);
}
#endif
