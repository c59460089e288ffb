// SPDX-License-Identifier: GPL-2.0-only
/* 128-bit division, which the compiler calls and the kernel does not have. */

#include <linux/types.h>

typedef unsigned __int128 u128_;
typedef __int128 s128_;

u128_ __udivti3(u128_ a, u128_ b);
u128_ __umodti3(u128_ a, u128_ b);
s128_ __divti3(s128_ a, s128_ b);
s128_ __modti3(s128_ a, s128_ b);

/* Long division, bit by bit; the compiler has excluded a zero divisor. */
static u128_ divide(u128_ a, u128_ b, u128_ *rest)
{
	u128_ quotient = 0, left = 0;
	int bit;

	for (bit = 127; bit >= 0; bit--) {
		bool carry = left >> 127;

		left = left << 1 | (a >> bit & 1);
		if (carry || left >= b) {
			left -= b;
			quotient |= (u128_)1 << bit;
		}
	}
	*rest = left;
	return quotient;
}

static u128_ magnitude(s128_ number)
{
	return number < 0 ? -(u128_)number : (u128_)number;
}

u128_ __udivti3(u128_ a, u128_ b)
{
	u128_ rest;

	return divide(a, b, &rest);
}

u128_ __umodti3(u128_ a, u128_ b)
{
	u128_ rest;

	divide(a, b, &rest);
	return rest;
}

s128_ __divti3(s128_ a, s128_ b)
{
	u128_ rest, quotient = divide(magnitude(a), magnitude(b), &rest);

	return (a < 0) != (b < 0) ? -quotient : quotient;
}

s128_ __modti3(s128_ a, s128_ b)
{
	u128_ rest;

	divide(magnitude(a), magnitude(b), &rest);
	return a < 0 ? -rest : rest;
}
