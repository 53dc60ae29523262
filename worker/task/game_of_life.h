/* game_of_life.h - one step of Conway's automaton on a small board. */
#ifndef TASK_GAME_OF_LIFE_H
#define TASK_GAME_OF_LIFE_H

enum { LIFE_SIDE = 17, LIFE_CELLS = LIFE_SIDE * LIFE_SIDE, LIFE_MIDDLE = LIFE_CELLS / 2 };

/* 1: alive, 0: dead. The border around the board is what a step sees outside: dead, unless somebody
 * fills it. */
struct life_board {
    unsigned char cell[LIFE_SIDE + 2][LIFE_SIDE + 2]; /* [row + 1][column + 1] */
};

struct life_board life_step(const struct life_board *board); /* the border of the result is dead */
void life_wrap(struct life_board *board); /* the border becomes the opposite edges: a torus */
#endif
