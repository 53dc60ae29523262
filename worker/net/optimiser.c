/* The loops here are elementwise, over a few hundred thousand numbers per step: each is one pass
 * over memory. `ivdep` says what from == to would hide: element i depends on element i only. */
#include "worker/net/optimiser.h"

#include "worker/numeric/vector.h"

#include <math.h>
#include <stdio.h>

struct optimiser optimiser_sgd(double lr, double momentum, double weight_decay)
{
    return (struct optimiser){
        .kind = OPTIMISER_SGD, .lr = lr, .beta1 = momentum, .weight_decay = weight_decay
    };
}

struct optimiser optimiser_adam(double lr, double beta1, double weight_decay)
{
    return (struct optimiser){ .kind = OPTIMISER_ADAM,
                               .lr = lr,
                               .beta1 = beta1,
                               .beta2 = 0.999,
                               .eps = 1e-8,
                               .weight_decay = weight_decay };
}

int optimiser_moments(const struct optimiser *optimiser)
{
    return optimiser->kind == OPTIMISER_ADAM ? 2 : 1;
}

void optimiser_visit(const struct optimiser *optimiser, struct optimiser_state *state, size_t count,
                     const char *of, struct visitor *visitor)
{
    char name[64];
    snprintf(name, sizeof name, "%s.steps", of);
    visitor->field(visitor, name, &state->steps, sizeof state->steps);
    snprintf(name, sizeof name, "%s.parameters", of);
    visitor->field(visitor, name, state->parameters, count * sizeof(real));
    for (int k = 0; k < optimiser_moments(optimiser); k++) {
        snprintf(name, sizeof name, "%s.moment.%d", of, k);
        visitor->field(visitor, name, state->moment[k], count * sizeof(real));
    }
}

/* What Adam's rule needs at step t besides the vectors. */
struct adam {
    real rate;       /* a = lr/(1 - b1^t) */
    real root_scale; /* s = 1/sqrt(1 - b2^t) */
    real b1, b2, c1, c2, eps, decay;
};

/* By products in double: the same bits with every mathematics library. */
static double power(double base, int exponent)
{
    double product = 1;
    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1)
            product *= base;
    return product;
}

static struct adam adam_at(const struct optimiser *o, int t)
{
    return (struct adam){
        .rate = (real)(o->lr / (1 - power(o->beta1, t))),
        .root_scale = (real)(1 / sqrt(1 - power(o->beta2, t))),
        .b1 = (real)o->beta1,
        .b2 = (real)o->beta2,
        .c1 = (real)(1 - o->beta1),
        .c2 = (real)(1 - o->beta2),
        .eps = (real)o->eps,
        .decay = (real)o->weight_decay,
    };
}

static void adam_step(struct adam k, const struct optimiser_state *from, struct optimiser_state *to,
                      const real *gradient, size_t count)
{
    const real *th = from->parameters, *m = from->moment[0], *v = from->moment[1];
    real *th_next = to->parameters, *m_next = to->moment[0], *v_next = to->moment[1];
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++) {
        real g = gradient[i] + k.decay * th[i];
        real m_new = k.b1 * m[i] + k.c1 * g;
        real v_new = k.b2 * v[i] + k.c2 * g * g;
        real denominator = k.root_scale * real_sqrt(v_new) + k.eps;
        th_next[i] = th[i] - k.rate * (m_new / denominator);
        m_next[i] = m_new;
        v_next[i] = v_new;
    }
}

static void sgd_step(const struct optimiser *o, const struct optimiser_state *from,
                     struct optimiser_state *to, const real *gradient, size_t count)
{
    const real *th = from->parameters, *b = from->moment[0];
    real *th_next = to->parameters, *b_next = to->moment[0];
    real lr = (real)o->lr, momentum = (real)o->beta1, decay = (real)o->weight_decay;
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++) {
        real b_new = momentum * b[i] + (gradient[i] + decay * th[i]);
        th_next[i] = th[i] - lr * b_new;
        b_next[i] = b_new;
    }
}

void optimiser_step(const struct optimiser *optimiser, const struct optimiser_state *from,
                    struct optimiser_state *to, const real *gradient, size_t count)
{
    to->steps = from->steps + 1;
    if (optimiser->kind == OPTIMISER_ADAM)
        adam_step(adam_at(optimiser, to->steps), from, to, gradient, count);
    else
        sgd_step(optimiser, from, to, gradient, count);
}

/* With r = sqrt(v'), D = s r + eps (bars are adjoints, primes the values after the step):
 *     q  = a th-bar / D           m'-bar = m-bar - q
 *     v'-bar = v-bar + q (m'/D) s/(2 r), the second term 0 where r = 0
 *     g-bar  = (1 - b1) m'-bar + 2 (1 - b2) g v'-bar
 *     m-bar <- b1 m'-bar          v-bar <- b2 v'-bar
 * m'/D first: its size is that of a step, so nothing overflows in float. An r of 0 is replaced by
 * infinity in its one division, because a branch would keep the loop from being vectorised. */
static void adam_adjoint(struct adam k, const real *th, const struct optimiser_state *after,
                         const real *gradient, struct optimiser_state *adjoint, real *direction,
                         size_t count)
{
    const real *m_new = after->moment[0], *v_new = after->moment[1], *th_bar = adjoint->parameters;
    real *m_bar = adjoint->moment[0], *v_bar = adjoint->moment[1];
    real half_scale = k.root_scale / 2, two_c2 = 2 * k.c2;
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++) {
        real g = gradient[i] + k.decay * th[i];
        real root = real_sqrt(v_new[i]);
        real inverse = 1 / (k.root_scale * root + k.eps); /* of D */
        real slope = half_scale / (root > 0 ? root : (real)INFINITY);
        real q = k.rate * th_bar[i] * inverse;
        real m_full = m_bar[i] - q;
        real v_full = v_bar[i] + q * (m_new[i] * inverse) * slope;
        direction[i] = k.c1 * m_full + two_c2 * g * v_full;
        m_bar[i] = k.b1 * m_full;
        v_bar[i] = k.b2 * v_full;
    }
}

/*     g-bar = b-bar - lr th-bar      b-bar <- mu g-bar      (b-bar collects both ways out of b') */
static void sgd_adjoint(const struct optimiser *o, struct optimiser_state *adjoint,
                        real *restrict direction, size_t count)
{
    const real *th_bar = adjoint->parameters;
    real *b_bar = adjoint->moment[0];
    real lr = (real)o->lr, momentum = (real)o->beta1;
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++) {
        real g_bar = b_bar[i] - lr * th_bar[i];
        direction[i] = g_bar;
        b_bar[i] = momentum * g_bar;
    }
}

void optimiser_adjoint(const struct optimiser *optimiser, const struct optimiser_state *before,
                       const struct optimiser_state *after, const real *gradient,
                       struct optimiser_state *adjoint, real *direction, size_t count)
{
    if (optimiser->kind == OPTIMISER_ADAM)
        adam_adjoint(adam_at(optimiser, after->steps), before->parameters, after, gradient, adjoint,
                     direction, count);
    else
        sgd_adjoint(optimiser, adjoint, direction, count);
}

void optimiser_adjoint_finish(const struct optimiser *optimiser, struct optimiser_state *adjoint,
                              const real *direction, const real *gradient_tangent, size_t count)
{
    real decay = (real)optimiser->weight_decay, *th_bar = adjoint->parameters;
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++)
        th_bar[i] += decay * direction[i] + gradient_tangent[i];
}

/* ---- the settings: the step is th' = th - lr b' or th - a m'/D, and g = G + wd th, so
 *     dV/dlr = th-bar . (th' - th)/lr      dV/dwd = g-bar . th
 * and for SGD, where b' = mu b + g and b = (th of one step earlier - th)/lr,
 *     dV/dmu = g-bar . b
 * Adam's b1 acts through m', with m - g = (m - m')/(1 - b1), and through a = lr/(1 - b1^t):
 *     dV/db1 = m'-bar . (m - g) + th-bar . (th' - th) t b1^(t-1)/(1 - b1^t) */

static double sgd_momentum_slope(const struct optimiser *o, const struct optimiser_state *before,
                                 const real *earlier, const real *direction, size_t count)
{
    if (!earlier)
        return vector_dot(direction, before->moment[0], count);
    return vector_dot_difference(direction, earlier, before->parameters, count) / o->lr;
}

/* m'-bar is not kept, but what became of it is: m-bar = b1 m'-bar, or for a b1 of 0
 * g-bar = m'-bar + 2 (1 - b2) g v-bar/b2. */
static double adam_first_moment_slope(struct adam k, const struct optimiser_state *before,
                                      const struct optimiser_state *after, const real *gradient,
                                      const struct optimiser_state *adjoint, const real *direction,
                                      size_t count)
{
    const real *m = before->moment[0], *m_new = after->moment[0], *th = before->parameters;
    if (k.b1 > 0)
        return vector_dot_difference(adjoint->moment[0], m, m_new, count) /
               ((double)k.b1 * (double)k.c1);
    double sum = 0, factor = 2 * (double)k.c2 / (double)k.b2;
    for (size_t i = 0; i < count; i++) {
        double g = (double)gradient[i] + (double)k.decay * (double)th[i];
        double m_bar = (double)direction[i] - factor * g * (double)adjoint->moment[1][i];
        sum += m_bar * ((double)m[i] - (double)m_new[i]);
    }
    return sum;
}

void optimiser_adjoint_slopes(const struct optimiser *optimiser,
                              const struct optimiser_state *before,
                              const struct optimiser_state *after, const real *earlier,
                              const real *gradient, const struct optimiser_state *adjoint,
                              const real *direction, size_t count, struct optimiser_slopes *slopes)
{
    int t = after->steps;
    double b1 = optimiser->beta1;
    double along =
        vector_dot_difference(adjoint->parameters, after->parameters, before->parameters, count);
    slopes->lr += along / optimiser->lr;
    slopes->weight_decay += vector_dot(direction, before->parameters, count);
    if (optimiser->kind == OPTIMISER_SGD)
        slopes->beta1 += sgd_momentum_slope(optimiser, before, earlier, direction, count);
    else
        slopes->beta1 += adam_first_moment_slope(adam_at(optimiser, t), before, after, gradient,
                                                 adjoint, direction, count) +
                         along * t * power(b1, t - 1) / (1 - power(b1, t));
}
