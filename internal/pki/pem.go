package pki

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The permissions of what is written: keys are for the engine alone,
// certificates for everybody.
const (
	secretMode fs.FileMode = 0o600
	publicMode fs.FileMode = 0o644
)

// maxFile is the largest certificate or key file that is read, in bytes.
const maxFile = 1 << 20

// temporaryName is what files are called until they are whole.
const temporaryName = ".unfinished-*"

// writeFile puts a file in place whole or not at all, also when the machine
// stops meanwhile.
func writeFile(path string, content []byte, mode fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	temporary, err := os.CreateTemp(dir, temporaryName) // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name()) // the first error is the one to tell
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Chmod(mode)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err = os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// removeTemporary removes what a writer that was killed has left: half of a file,
// which may be a key.
func removeTemporary(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, temporaryName))
	if err != nil {
		return fmt.Errorf("looking for unfinished files in %s: %w", dir, err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing an unfinished file: %w", err)
		}
	}
	return nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// readFile reads a small regular file.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s is not a file of PEM text", path)
	}
	return os.ReadFile(path)
}

// readSecret reads a key file and closes it to others if it was open.
func readSecret(path string) ([]byte, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, secretMode); err != nil {
			return nil, fmt.Errorf("closing a key to others: %w", err)
		}
	}
	return content, nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// decodeCertificate reads the first certificate of PEM text.
func decodeCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("it holds no certificate in PEM form")
	}
	return x509.ParseCertificate(block.Bytes)
}

func decodeKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("it holds no private key in PEM form")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the private key in it is damaged")
	}
	ours, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("the private key in it is of another kind than this engine makes")
	}
	return ours, nil
}

// decodePair reads a certificate with its chain and the key that belongs to it.
func decodePair(certificates, key []byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(certificates, key)
	if err != nil {
		return nil, err
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, err
		}
	}
	return &pair, nil
}
