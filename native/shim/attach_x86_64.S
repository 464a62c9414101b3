/*
 * attach_x86_64.S - where a routed system call of libc arrives.
 *
 * The trampoline of the site (attach.c) has stepped over the red zone, pushed the address of the site's `syscall`
 * instruction and put the number into rax. A call that isn't ours goes back to that instruction and is made there;
 * one of ours goes back behind it with the result in rax. Only rax, rcx, r11 and the flags change, as if the kernel
 * had answered.
 *
 * The pushed address stands where a return address would, so the call-frame information below lets exceptions,
 * thread cancellation and debuggers walk from here into libc.
 */
#include "gate.h"

#define GATE(member) shim_gate + GATE_##member(%rip)

	.section .text.hot, "ax", @progbits /* SHIM_HOT */

	.macro LEAVE
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rcx
	leaq	128(%rsp), %rsp
	.cfi_adjust_cfa_offset -128
	notrack jmp *%rcx
	.endm

	.macro ARRIVE
	.cfi_startproc
	.cfi_def_cfa %rsp, 136
	.cfi_offset %rip, -136
	endbr64
	.endm

/* Goes on when the descriptor in edi is ours, else to \none. rcx: shim_fds, not null. Changes r11. */
	.macro FD_OURS none
	movl	%edi, %r11d
	cmpl	$(1 << 20), %r11d	/* SHIM_FD_MAX */
	jae	\none
	cmpq	$0, (%rcx,%r11,8)
	je	\none
	.endm

/* The first argument is the only descriptor, and there is no path. */
	.globl	attach_enter_fd
	.hidden	attach_enter_fd
	.type	attach_enter_fd, @function
	.p2align 5
attach_enter_fd:
	ARRIVE
	movq	GATE(FDS), %rcx
	testq	%rcx, %rcx
	jne	1f
0:	LEAVE
	.cfi_def_cfa %rsp, 136
	.cfi_offset %rip, -136
1:	FD_OURS	0b
	jmp	.Lours
	.cfi_endproc
	.size	attach_enter_fd, . - attach_enter_fd

/* shim_path_glance(): goes to .Lours when the path in \reg may be ours, to \relative when it is not absolute. Changes rcx
 * and r11. */
	.macro GLANCE reg, reg32, relative
	cmpq	$4096, \reg		/* a bad address: the kernel's to refuse */
	jb	.Lours
	cmpb	$'/', (\reg)
	jne	\relative
	movl	\reg32, %ecx
	andl	$4095, %ecx
	cmpl	$4088, %ecx		/* eight bytes can be read, whatever the string's length */
	ja	.Lours
	movq	(\reg), %rcx
	andq	GATE(PATH_MASK), %rcx
	movabsq	$0x9E3779B97F4A7C15, %r11	/* SHIM_PATH_FACTOR */
	imulq	%r11, %rcx
	shrq	$58, %rcx
	movq	GATE(PATH_BITS), %r11
	btq	%rcx, %r11
	jc	.Lours
	cmpq	$0, GATE(FDS)	/* then /dev/fd and /proc/self/fd may be ours */
	je	9f
	movzbl	1(\reg), %ecx
	cmpb	$'d', %cl
	je	.Lours
	cmpb	$'p', %cl
	je	.Lours
9:
	.endm

/* From the working directory; on to .Lours when that is ours or above a mount. */
	.macro FROM_CWD
	cmpq	$0, GATE(CWD)
	jne	.Lours
	cmpb	$0, GATE(CWD_NEAR)
	jne	.Lours
	.endm

/* The first argument is the only path, and there is no descriptor. */
	.globl	attach_enter_path
	.hidden	attach_enter_path
	.type	attach_enter_path, @function
	.p2align 5
attach_enter_path:
	ARRIVE
	cmpl	$0, GATE(PATHS_ACTIVE)
	je	8f
	GLANCE	%rdi, %edi, 6f
8:	LEAVE
	.cfi_def_cfa %rsp, 136
	.cfi_offset %rip, -136
6:	FROM_CWD
	LEAVE
	.cfi_endproc
	.size	attach_enter_path, . - attach_enter_path

/* The second argument is the only path, from the directory that the first is; the call may make a descriptor. */
	.globl	attach_enter_at
	.hidden	attach_enter_at
	.type	attach_enter_at, @function
	.p2align 5
attach_enter_at:
	ARRIVE
	cmpl	$0, GATE(PARKED)
	jns	.Lours
	cmpl	$0, GATE(PATHS_ACTIVE)
	je	7f
	GLANCE	%rsi, %esi, 6f
7:	LEAVE
	.cfi_def_cfa %rsp, 136
	.cfi_offset %rip, -136
6:	cmpl	$-100, %edi		/* AT_FDCWD */
	jne	5f
	FROM_CWD
	LEAVE
	.cfi_def_cfa %rsp, 136
	.cfi_offset %rip, -136
5:	movq	GATE(FDS), %rcx
	testq	%rcx, %rcx
	je	7b
	FD_OURS	7b
	jmp	.Lours
	.cfi_endproc
	.size	attach_enter_at, . - attach_enter_at

/* close(2). */
	.globl	attach_enter_close
	.hidden	attach_enter_close
	.type	attach_enter_close, @function
	.p2align 5
attach_enter_close:
	ARRIVE
	cmpl	GATE(FD_FLOOR), %edi
	jae	.Lours
	cmpl	GATE(FD_LOW), %edi		/* its lower half */
	jb	.Lours
	movq	GATE(FDS), %rcx
	testq	%rcx, %rcx
	jne	2f
1:	LEAVE
	.cfi_def_cfa %rsp, 136
	.cfi_offset %rip, -136
2:	FD_OURS	1b
	jmp	.Lours
	.cfi_endproc
	.size	attach_enter_close, . - attach_enter_close

/* Saves the registers. rbx and rdi: regs[7], rax and the arguments. */
	.macro SAVE
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbp, -144
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	pushq	%rbx
	.cfi_offset %rbx, -152
	pushq	%r9
	pushq	%r8
	pushq	%r10
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rax
	cld
	movq	%rsp, %rbx
	andq	$-16, %rsp
	movq	%rbx, %rdi
	.endm

/* Calls \function(regs), which may use vector registers; its result is in rax and in regs[0]. */
	.macro ANSWER function
	/* Vector state: what the C code of an operation may change. libc is built for SSE2 and keeps nothing in the
	 * upper halves, which the processor knows (XINUSE). If they do hold something, the whole state is saved. */
	movl	attach_state_mask(%rip), %edx
	testl	%edx, %edx
	je	1f
	cmpb	$0, attach_state_probe(%rip)
	je	2f
	andl	$~2, %edx
	movl	%edx, %r8d
	movl	$1, %ecx
	xgetbv
	testl	%r8d, %eax
	jne	2f

1:	subq	$256, %rsp
	andq	$-64, %rsp
	.irp	i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movaps	%xmm\i, 16 * \i(%rsp)
	.endr
	movq	%rbx, %rdi
	call	\function
	.irp	i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movaps	16 * \i(%rsp), %xmm\i
	.endr
	jmp	4f

	/* The area has to be aligned to 64, and bytes 512..575 of it, the header, to be zero before it is written. */
2:	subq	attach_state_size(%rip), %rsp
	andq	$-64, %rsp
	movl	attach_state_mask(%rip), %eax
	xorl	%edx, %edx
	movq	%rdx, 512(%rsp)
	movq	%rdx, 520(%rsp)
	movq	%rdx, 528(%rsp)
	movq	%rdx, 536(%rsp)
	movq	%rdx, 544(%rsp)
	movq	%rdx, 552(%rsp)
	movq	%rdx, 560(%rsp)
	movq	%rdx, 568(%rsp)
	xsave	(%rsp)
	movq	%rbx, %rdi
	call	\function
	movq	%rax, %rcx
	movl	attach_state_mask(%rip), %eax
	xorl	%edx, %edx
	xrstor	(%rsp)
	movq	%rcx, %rax

4:	movq	%rax, (%rbx)
	.endm

/* Saves the registers and asks attach_quick(); behind label 3 when the call isn't ours, else with its result. */
	.macro ASK
	SAVE
	call	attach_quick
	testb	%al, %al
	je	3f
	ANSWER	attach_ours
	.endm

/* Undoes SAVE. */
	.macro RESTORE
	movq	%rbx, %rsp
	popq	%rax
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%r10
	popq	%r8
	popq	%r9
	popq	%rbx
	.cfi_restore %rbx
	popq	%rbp
	.cfi_restore %rbp
	.cfi_def_cfa %rsp, 136
	.endm

/* Anything else. */
	.globl	attach_enter
	.hidden	attach_enter
	.type	attach_enter, @function
	.p2align 5
attach_enter:
	ARRIVE
.Lours:
	ASK
	addq	$2, 8(%rbp)		/* behind the `syscall` */
3:	RESTORE
	LEAVE
	.cfi_endproc
	.size	attach_enter, . - attach_enter

/* read(2): the instructions of the site, `xor %eax, %eax; syscall; cmp $-4096, %rax`, are made here, and the address
 * pushed is the one behind them. The call blocks here: the information for unwinding has to be right in it too. */
	.globl	attach_enter_read
	.hidden	attach_enter_read
	.type	attach_enter_read, @function
	.p2align 5
attach_enter_read:
	ARRIVE
	movq	GATE(FDS), %rcx
	testq	%rcx, %rcx
	jne	7f
5:	syscall
6:	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rcx
	leaq	128(%rsp), %rsp
	.cfi_adjust_cfa_offset -128
	cmpq	$-4096, %rax
	notrack jmp *%rcx
	.cfi_def_cfa %rsp, 136
	.cfi_offset %rip, -136
7:	FD_OURS	5b
	ASK
	RESTORE
	jmp	6b
	.cfi_def_cfa %rbp, 144		/* as ASK has it */
	.cfi_offset %rbp, -144
	.cfi_offset %rbx, -152
3:	RESTORE
	jmp	5b
	.cfi_endproc
	.size	attach_enter_read, . - attach_enter_read

#ifdef SHIM_IOIL
/* openat(2): made here, as what is looked at is its descriptor, and only when the daemon of the only mount has opened
 * something meanwhile. It may block, on a FIFO. */
	.globl	attach_enter_open
	.hidden	attach_enter_open
	.type	attach_enter_open, @function
	.p2align 5
attach_enter_open:
	ARRIVE
	movq	opens_of_one(%rip), %rcx
	testq	%rcx, %rcx
	je	.Lours
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbx, -144
	movl	(%rcx), %ebx
	syscall
	movq	opens_of_one(%rip), %rcx
	cmpl	(%rcx), %ebx
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	jne	1f
0:	addq	$2, (%rsp)		/* behind the `syscall` */
	LEAVE
	.cfi_def_cfa %rsp, 136
	.cfi_offset %rip, -136
1:	testq	%rax, %rax
	js	0b
	SAVE
	ANSWER	attach_opened
	addq	$2, 8(%rbp)
	RESTORE
	LEAVE
	.cfi_endproc
	.size	attach_enter_open, . - attach_enter_open
#endif

	.section .note.GNU-stack, "", @progbits
