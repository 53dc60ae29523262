/* door.h - what happens to connections, before any message: who may come in, who came, who left. */
#ifndef SHELL_DOOR_H
#define SHELL_DOOR_H
struct loop;

/* Looks at the list of keys, admits who waits, notes who joined and left. Every turn, and while a
 * turn is saved: porter.h. */
void door_tend(struct loop *loop);
#endif
