package blockhash_test

import (
	"encoding/hex"
	"testing"

	"golang.org/x/crypto/blake2b"
	"pgregory.net/rapid"

	"vireo/internal/image/blockhash"
)

// TestSumOfSums compares with the definition, however the bytes come.
func TestSumOfSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := blockhash.Kind{Algorithm: "blake2b", BlockSize: 4096 * rapid.IntRange(1, 3).Draw(t, "blocks")}
		made, err := kind.New()
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for range rapid.IntRange(0, 6).Draw(t, "parts") {
			length := rapid.IntRange(0, 10_000).Draw(t, "length")
			part := make([]byte, length)
			if rapid.Bool().Draw(t, "zeros told") {
				if err := made.Zero(int64(length)); err != nil {
					t.Fatal(err)
				}
			} else {
				if length > 0 && rapid.Bool().Draw(t, "data") {
					part[rapid.IntRange(0, length-1).Draw(t, "where")] = 1
				}
				made.Write(part)
			}
			all = append(all, part...)
		}
		whole, _ := blake2b.New256(nil)
		for rest := all; len(rest) > 0; {
			n := min(len(rest), kind.BlockSize)
			sum := blake2b.Sum256(rest[:n])
			whole.Write(sum[:])
			rest = rest[n:]
		}
		if want := hex.EncodeToString(whole.Sum(nil)); made.Sum() != want {
			t.Fatalf("the checksum of %d bytes is another one", len(all))
		}
	})
}

func TestKindsThatCannotBe(t *testing.T) {
	for _, kind := range []blockhash.Kind{{"md4", 4096}, {"sha256", 0}, {"sha256", 4097}, {"sha256", 32 << 20}, {"sha256", -4096}} {
		if _, err := kind.New(); err == nil {
			t.Errorf("%+v was accepted", kind)
		}
	}
	for _, name := range blockhash.Algorithms() {
		if _, err := (blockhash.Kind{Algorithm: name, BlockSize: 4096}).New(); err != nil {
			t.Error(err)
		}
	}
}
