package auth

import "testing"

// What a request with Basic credentials costs when they were verified a moment
// ago, when a session names the caller, and when the password must be hashed.
func BenchmarkAuthenticate(b *testing.B) {
	records := newBook(b)
	b.Run("remembered", func(b *testing.B) {
		directory := NewDirectory(records, DirectoryOptions{})
		for b.Loop() {
			if _, err := directory.Authenticate(b.Context(), "admin@internal", password, here); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("session", func(b *testing.B) {
		sessions := NewSessions(records, SessionOptions{})
		token := begin(b, sessions, records, adminID, SessionWish{})
		for b.Loop() {
			if _, err := sessions.Resume(token, ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hashed", func(b *testing.B) {
		directory := NewDirectory(records, DirectoryOptions{Remember: -1})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := directory.Authenticate(b.Context(), "admin@internal", password, here); err != nil {
				b.Fatal(err)
			}
		}
	})
}
