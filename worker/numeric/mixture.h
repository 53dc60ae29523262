/* mixture.h - the teacher of the game of life: targets that are mixtures of the frames of a
 * trajectory, and the loss against them (equations 2 and 3 of the paper).
 *
 * For filter u of some layer, the target of every cell is a mixture over the frames x*_t of the
 * same board, with weights a_tu = scale softmax_t(phi_u) that are one for the whole board and the
 * same for all examples. So a teacher's output is the small matrix a [frames, filters of all
 * layers], and the targets, as large as the student's activations, are never made: they are mixed
 * cell by cell where they are compared. */
#ifndef NUMERIC_MIXTURE_H
#define NUMERIC_MIXTURE_H
#include "worker/numeric/pass.h"

enum { MIXTURE_MAX_FRAMES = 8 }; /* at most CONV3X3_MAX_FRAMES */

/* a = scale softmax over the rows of phi      phi [frames, units]  a likewise; values only */
void mixture_weights(const struct pass *pass, struct mat a, struct mat phi, double scale);

/* dphi_t = scale p_t (da_t - sum over s of p_s da_s),  p = softmax(phi); values only */
void mixture_weights_back(const struct pass *pass, struct mat dphi, struct mat phi, struct mat da,
                          double scale);

/* The supervised outputs h of one layer: boards of `filters` channels, padded (conv3x3.h). */
struct mixture_lesson {
    struct mat a;      /* [frames, units]: a constant; units are the filters of all layers */
    struct mat frames; /* [n, frames * cells]: a constant */
    int first_column;  /* of a, for this layer's filters */
    int filters;
    double coef; /* alpha */
};

struct mixture_loss {
    double loss;  /* mean over boards, units and cells of (h - o)^2, this layer's share; values */
    double slope; /* the derivative of coef times it along h'; tangents */
};

/* With e = h - sum_t a_t x*_t and c = 2 coef / (boards units cells), over the layer's columns:
 *     d += c e            da_t = -c sum over boards and cells of e x*_t
 *     d' += c h'          da_t' = -c sum of h' x*_t
 * d is the gradient that is coming down to h, which nobody has read yet. */
struct mixture_loss mixture_teach(struct pass *pass, const struct mixture_lesson *lesson,
                                  struct mat d, struct mat da, struct mat h);
#endif
