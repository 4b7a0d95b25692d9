/* SPDX-License-Identifier: MIT */
#pragma once
/* check.h - the test library, after the headers that it wants before itself. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
