// Package e2e tests the whole program from outside: the binary, built from
// source, serving version 3 of the API over TLS, with real libvirt and real QEMU
// guests that boot the small guest of test/guest, or a Debian with cloud-init
// (test/cloudguest).
//
// Tests do what a client does and know nothing of the engine's inside. What the
// API says is compared with a witness that is not the engine: virsh, the
// processes of the machine, the agent in the guest. Everything that a run makes
// carries its name prefix and is removed at the end, also when tests fail.
//
// They need root, libvirt, and the guests (VIREO_TEST_GUEST and
// VIREO_TEST_CLOUD_GUEST name their folders).
// With VIREO_SOAK=1 they kill the engine everywhere and often.
//
// Start reading at main_test.go, then engine_test.go and vm_test.go; the first
// scenario is mainjob_test.go.
package e2e
