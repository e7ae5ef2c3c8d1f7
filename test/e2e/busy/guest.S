# A guest that does nothing but write to its memory: a 32-bit program for the multiboot loader
# of QEMU (`-kernel`). It writes the number of its round to each page from `first` to `last`,
# and looks before whether the number of the round before is still there. Without a kernel
# above it there is nothing that a page which is late, or lost, could make it trip over.
	.code32
	.section .text
	.globl	_start
	.align	4
	.long	0x1BADB002, 0, -0x1BADB002
_start:
	cli
	rdtsc
	movl	%eax, born
	xorl	%ebp, %ebp
round:
	movl	$first, %edi
page:
	cmpl	%ebp, (%edi)
	je	kept
	incl	lost
kept:
	leal	1(%ebp), %eax
	movl	%eax, (%edi)
	addl	$4096, %edi
	cmpl	$last, %edi
	jb	page
	incl	%ebp
	movl	%ebp, rounds
	jmp	round

# What is read from outside, at 0x100100: when it was started by its clock, how many rounds
# it has gone, and how many pages had another number than was written to them.
	.org	0x100
born:	.long	0
rounds:	.long	0
lost:	.long	0

	.set	first, 0x1000000
	.set	last, 0x3000000
