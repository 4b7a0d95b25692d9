/* SPDX-License-Identifier: MIT */
#pragma once
/* attr.h - the few words we add to the language. The only place for compiler extensions. */

#define CLEANUP(fn)       __attribute__((cleanup(fn)))
#define NODISCARD         __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define PACKED            __attribute__((packed))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Moves a pointer out of a variable: the value is returned, the variable becomes NULL. */
#define TAKE(p)                                                                                    \
	__extension__({                                                                            \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

/* Defines fn##p(), the form of a destructor that CLEANUP() wants, of `type *fn(type *)`. */
#define DEFINE_FREEP(type, fn)                                                                     \
	static inline void fn##p(type **p) /* NOLINT(bugprone-macro-parentheses) */                \
	{                                                                                          \
		(void)fn(*p);                                                                      \
	}
