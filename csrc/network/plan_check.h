/* plan_check.h - in a build with asserts, that a plan's offsets lie inside its records, and that its shards cover each
 * parameter once; in others nothing.
 */
#ifndef FCNN_PLAN_CHECK_H
#define FCNN_PLAN_CHECK_H

#include "plan.h"

void fcnn_plan_check(const fcnn_plan *plan, const fcnn_graph *graph);

#endif
