/* bfloat16_name.h - the kernels of bfloat16.h in one build, declared with the types that the table gives them. */
#ifndef FCNN_BFLOAT16_NAME_H
#define FCNN_BFLOAT16_NAME_H

#include "bfloat16.h"
#include "name.h"

extern __typeof__(*((const fcnn_bfloat16 *)0)->pack) FCNN_NAME(pack);
extern __typeof__(*((const fcnn_bfloat16 *)0)->multiply) FCNN_NAME(multiply);

#endif
