/* weight_norm.h - weights given by a direction and a length for each neuron (Salimans and Kingma
 * 2016). A neuron is a column of the weights as they are stored, [inputs, outputs]. */
#ifndef NUMERIC_WEIGHT_NORM_H
#define NUMERIC_WEIGHT_NORM_H
#include "worker/numeric/pass.h"

/* What the forward kernel leaves for the backward one, [1, outputs] each. */
struct weight_norm {
    struct mat norm;  /* n = |v|, of each column */
    struct mat scale; /* c = g/n */
};

/* w = c v     v [in,out]  g [1,out]  w [in,out]
 *     n' = (v . v')/n      c' = (g' - c n')/n      w' = c' v + c v'
 * v and g carry tangents both or neither. A column of zeros has no direction: it becomes NaN. */
void weight_norm(const struct pass *pass, struct weight_norm norm, struct mat w, struct mat v,
                 struct mat g);

/* From d, the gradient for w, to those for v and g, with s = (v . d)/n and k = c s/n:
 *     dg = s                        dv  = c d - k v
 *     dg' = s' = (v' . d + v . d' - s n')/n
 *     k'  = (c' s + c s' - k n')/n  dv' = c' d + c d' - k' v - k v'
 * d's values are needed even where only tangents are filled. */
void weight_norm_back(struct pass *pass, struct weight_norm norm, struct mat dv, struct mat dg,
                      struct mat v, struct mat d);
#endif
