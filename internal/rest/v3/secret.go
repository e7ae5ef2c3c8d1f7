package v3

import "vireo/internal/model"

// Sealer makes secrets of the texts that only a guest is to learn, so that no
// value of the model ever holds one that can be read. A vault is one.
type Sealer interface {
	// Seal makes a secret of a text; of the empty text the empty secret.
	Seal(text string) model.Secret
	// Same says whether two secrets hold the same text.
	Same(a, b model.Secret) bool
}

// hidden stands for a secret wherever one would be shown (api-v3 2.3). Given
// back, it means the one that is stored.
const hidden = "******"

// setSecret seals a text that the request has. An empty text clears the secret;
// one that is already stored leaves it as it is, for sealing the text again would
// look like a change.
func setSecret(to *model.Secret, text *string, seal Sealer) {
	if text == nil || *text == hidden {
		return
	}
	if sealed := seal.Seal(*text); !seal.Same(*to, sealed) {
		*to = sealed
	}
}

// masked shows that there is a secret, and nothing of it.
func masked(secret model.Secret) *string {
	if secret == "" {
		return nil
	}
	return new(hidden)
}

// reveal gives the text of a secret, if this page may show it and it can still be
// read.
func (p *Page) reveal(secret model.Secret) (string, bool) {
	if p.Reveal == nil || secret == "" {
		return "", false
	}
	text, err := p.Reveal(secret)
	return text, err == nil
}

// revealed shows the text of a secret, or that there is one.
func (p *Page) revealed(secret model.Secret) *string {
	if text, ok := p.reveal(secret); ok {
		return &text
	}
	return masked(secret)
}

// hide puts what stands for a secret in place of what was sent.
func hide(secret *string) {
	if secret != nil && *secret != "" {
		*secret = hidden
	}
}
