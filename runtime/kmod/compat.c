// SPDX-License-Identifier: GPL-2.0-only
/* What differs between kernels, and what they do not export. The only such place. */

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/version.h>
#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/nmi.h>

#include "rex.h"

struct rex_kernel rex_kernel;

static unsigned long (*lookup_name)(const char *name);

static int find_lookup(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	static const u8 endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	int error = register_kprobe(&probe);
	u8 before[4];

	if (error) {
		pr_err("rex: refused: this kernel has no kallsyms or no kprobes (%d)\n", error);
		return error;
	}
	lookup_name = (void *)probe.addr;
	unregister_kprobe(&probe);
	/* Behind an endbr64 the probe sits after it, and a call has to go to it. */
	if (!copy_from_kernel_nofault(before, (u8 *)lookup_name - 4, 4) &&
	    !memcmp(before, endbr, 4))
		lookup_name = (void *)((u8 *)lookup_name - 4);
	return 0;
}

struct symbol {
	const char *name;
	void *to;
};

static const struct symbol symbols[] = {
	{ "bpf_jit_alloc_exec", &rex_kernel.bpf_jit_alloc_exec },
	{ "bpf_jit_free_exec", &rex_kernel.bpf_jit_free_exec },
	{ "set_memory_ro", &rex_kernel.set_memory_ro },
	{ "set_memory_rw", &rex_kernel.set_memory_rw },
	{ "set_memory_x", &rex_kernel.set_memory_x },
	{ "set_memory_nx", &rex_kernel.set_memory_nx },
	{ "bpf_map_get", &rex_kernel.bpf_map_get },
	{ "perf_event_read_local", &rex_kernel.perf_event_read_local },
	{ "modules_disabled", &rex_kernel.modules_disabled },
	{ "bpf_prog_active", &rex_kernel.bpf_prog_active },
	{ "bpf_ringbuf_reserve", &rex_kernel.ringbuf_reserve },
	{ "bpf_ringbuf_submit", &rex_kernel.ringbuf_submit },
	{ "bpf_ringbuf_discard", &rex_kernel.ringbuf_discard },
	{ "bpf_ringbuf_output", &rex_kernel.ringbuf_output },
	{ "bpf_ringbuf_query", &rex_kernel.ringbuf_query },
	{ "bpf_get_stackid", &rex_kernel.get_stackid },
	{ "bpf_perf_event_output", &rex_kernel.perf_event_output },
	{ "bpf_probe_read_kernel", &rex_kernel.probe_read_kernel },
	{ "bpf_probe_read_kernel_str", &rex_kernel.probe_read_kernel_str },
	{ "bpf_probe_read_user", &rex_kernel.probe_read_user },
	{ "bpf_probe_read_user_str", &rex_kernel.probe_read_user_str },
	{ "bpf_send_signal", &rex_kernel.send_signal },
	{ "bpf_send_signal_thread", &rex_kernel.send_signal_thread },
	{ "bpf_get_current_cgroup_id", &rex_kernel.current_cgroup_id },
};

static bool unsuitable(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("rex: refused: PREEMPT_RT kernels are not supported\n");
		return true;
	}
#ifdef X86_FEATURE_FRED
	if (cpu_feature_enabled(X86_FEATURE_FRED)) {
		pr_err("rex: refused: FRED is active\n");
		return true;
	}
#endif
#ifdef CONFIG_X86_KERNEL_IBT
	if (cpu_feature_enabled(X86_FEATURE_IBT)) {
		pr_err("rex: refused: indirect branch tracking is active\n");
		return true;
	}
#endif
	return false;
}

int rex_compat_init(void)
{
	unsigned long thunk;
	size_t i;
	int error;

	if (unsuitable())
		return -EOPNOTSUPP;
	error = find_lookup();
	if (error)
		return error;
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		unsigned long address = lookup_name(symbols[i].name);

		if (!address) {
			pr_err("rex: refused: this kernel has no %s\n", symbols[i].name);
			return -EOPNOTSUPP;
		}
		*(unsigned long *)symbols[i].to = address;
	}
	/* The variable holds what the mitigations in force want returns to be. */
	thunk = lookup_name("x86_return_thunk");
	if (cpu_feature_enabled(X86_FEATURE_RETHUNK))
		rex_kernel.return_thunk = thunk ? *(unsigned long *)thunk :
						  lookup_name("__x86_return_thunk");
	return 0;
}

void rex_send_nmi(unsigned int cpu)
{
	apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
}

/*
 * The frame that an NMI from kernel mode returns by is a copy that lies right above its
 * registers (entry_64.S, "iret" frame). It is told by having the same contents.
 */
bool rex_nmi_frame_follow(struct pt_regs *before, struct pt_regs *after)
{
	unsigned long *frame = (unsigned long *)(after + 1);

	if (frame[0] != before->ip || frame[3] != before->sp)
		return false;
	frame[0] = after->ip;
	frame[3] = after->sp;
	return true;
}

/* Functions that may return early: system calls, which every caller checks. */
bool rex_may_inject(const char *symbol)
{
	return strstarts(symbol, "__x64_sys_");
}
