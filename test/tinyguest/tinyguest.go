// Package tinyguest is a guest for tests and measurements that need many, or migrate often.
package tinyguest

import (
	"encoding/hex"
	"strings"
)

// kernel is a guest that fits into 32 MiB and takes no time to start: a multiboot image
// that writes to 18 MiB of its memory, so that there is something to carry, and then
// counts the ticks of the timer, 18 in a second, and sleeps in between. In the assembler's words,
// at 1 MiB:
//
//	        .long 0x1BADB002, 0x00010000, -(0x1BADB002 + 0x00010000)
//	        .long header, header, end, header + 0x1000, start
//	start:  lgdt gdtr
//	        ljmp $8, $flat
//	flat:   mov $16, %eax
//	        mov %eax, %ds; mov %eax, %es; mov %eax, %ss
//	        mov $header + 0x1000, %esp
//	        mov $0x200000, %edi
//	fill:   mov %edi, (%edi)
//	        add $4096, %edi
//	        cmp $0x1400000, %edi
//	        jb fill
//	        lidt idtr
//	        sti
//	sleep:  hlt
//	        jmp sleep
//	tick:   push %eax
//	        incl count
//	        mov $0x20, %al
//	        out %al, $0x20
//	        pop %eax
//	        iret
//	gdt:    .quad 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
//	gdtr:   .word 23; .long gdt
//	idt:    .fill 8, 8, 0
//	        .word tick, 8, 0x8E00, 0x0010
//	idtr:   .word 71; .long idt
//	count:  .long 0
const kernel = `
02b0ad1b00000100fe4f51e40000100000001000e40010000010100020001000
0f011588001000ea2e0010000800b8100000008ed88ec08ed0bc00101000bf00
002000893f81c70010000081ff0000400172f00f011dd8001000fbf4ebfd50ff
05e0001000b020e62058cf8d742600900000000000000000ffff0000009acf00
ffff00000092cf00170070001000669000000000000000000000000000000000
0000000000000000000000000000000000000000000000000000000000000000
000000000000000000000000000000005e000800008e10004700900010006690
00000000`

// Memory is how much it needs, in bytes; Count is where it counts, as QEMU's monitor takes it.
const (
	Memory = 32 << 20
	Count  = "0x1000e0"
)

// Kernel is the image to boot it from.
func Kernel() ([]byte, error) { return hex.DecodeString(strings.Join(strings.Fields(kernel), "")) }
