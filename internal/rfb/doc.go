// Package rfb speaks the beginning of the protocol of VNC (RFC 6143): how versions
// and ways to authenticate are agreed upon, from either side. What comes after that,
// pictures and keys, goes through Vireo unread. Displays can be spoken to by TLS.
//
// It knows nothing of hosts, VMs or tickets. Start reading at [Enter], which gets in
// to a display, and [Admit], which lets a viewer in.
package rfb
