package pki

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// SSHKey keeps the key that the engine logs in with at hosts: ssh.key, and ssh.pub
// beside it, of a directory. It is made when it is first asked for, and never
// replaced: hosts know it.
type SSHKey struct {
	dir string

	mu     sync.Mutex
	signer ssh.Signer
}

// NewSSHKey keeps its files in the directory that [Open] is given.
func NewSSHKey(dir string) *SSHKey { return &SSHKey{dir: dir} }

// Signer is the key.
func (k *SSHKey) Signer() (ssh.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.signer != nil {
		return k.signer, nil
	}
	path := filepath.Join(k.dir, "ssh.key")
	there, err := exists(path)
	if err == nil && !there {
		err = k.make(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the engine's ssh key: %w", err)
	}
	text, err := readSecret(path)
	if err != nil {
		return nil, fmt.Errorf("the engine's ssh key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("the engine's ssh key %s is damaged: bring it back, or remove it and put the new one (vireo host key) onto all hosts: %w", path, err)
	}
	k.signer = signer
	return signer, nil
}

// Line is the public key as a line of an authorized_keys file.
func (k *SSHKey) Line() (string, error) {
	signer, err := k.Signer()
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))) + " " + keyComment, nil
}

// keyComment is how the key is called in authorized_keys files.
const keyComment = "vireo-engine"

func (k *SSHKey) make(path string) error {
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(private, keyComment)
	if err != nil {
		return err
	}
	shown, err := ssh.NewPublicKey(public)
	if err != nil {
		return err
	}
	if err := writeFile(path, pem.EncodeToMemory(block), secretMode); err != nil {
		return err
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(shown))) + " " + keyComment + "\n"
	return writeFile(filepath.Join(k.dir, "ssh.pub"), []byte(line), publicMode)
}
