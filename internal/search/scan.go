package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// parser walks over the text; scan.go has its eyes, parse.go its grammar.
type parser struct {
	kind       *Kind
	text       string
	offset     int
	conditions int
	open       int // parentheses
}

func (p *parser) skipBlanks() {
	rest := strings.TrimLeftFunc(p.text[p.offset:], unicode.IsSpace)
	p.offset = len(p.text) - len(rest)
}

// next returns the byte after blanks, 0 at the end.
func (p *parser) next() byte {
	p.skipBlanks()
	if p.offset == len(p.text) {
		return 0
	}
	return p.text[p.offset]
}

// endsWord tells which characters no bare word and no field name contains.
func endsWord(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(`"()=<>`, r)
}

// peekWord returns the bare word after blanks, without taking it; "" if none.
func (p *parser) peekWord() string {
	p.skipBlanks()
	rest := p.text[p.offset:]
	end := strings.IndexFunc(rest, endsWord)
	if end < 0 {
		return rest
	}
	if rest[end] == '=' && end > 0 && rest[end-1] == '!' {
		end-- // the operator !=
	}
	return rest[:end]
}

// takeKeyword takes the given word if it comes next.
func (p *parser) takeKeyword(keyword string) bool {
	word := p.peekWord()
	if !strings.EqualFold(word, keyword) {
		return false
	}
	p.offset += len(word)
	return true
}

func isKeyword(word string) bool {
	return isEnd(word) || strings.EqualFold(word, "and") || strings.EqualFold(word, "or")
}

// isEnd tells whether the conditions are over.
func isEnd(word string) bool {
	return strings.EqualFold(word, "sortby") || strings.EqualFold(word, "page")
}

// takeOp takes an operator if one comes next; "" if none does.
func (p *parser) takeOp() Op {
	p.skipBlanks()
	for _, op := range []Op{NotEqual, LessOrEqual, GreaterOrEqual, Equal, Less, Greater} {
		if strings.HasPrefix(p.text[p.offset:], string(op)) {
			p.offset += len(op)
			return op
		}
	}
	return ""
}

// takeQuoted takes a quoted text, whose first quote comes next.
func (p *parser) takeQuoted() (string, error) {
	start := p.offset
	var text strings.Builder
	for rest := p.text[start+1:]; ; {
		part, after, closed := strings.Cut(rest, `"`)
		if !closed {
			return "", p.errorAt(start, "the closing quote is missing")
		}
		text.WriteString(part)
		if !strings.HasPrefix(after, `"`) {
			p.offset = len(p.text) - len(after)
			return text.String(), nil
		}
		text.WriteByte('"')
		rest = after[1:]
	}
}

// takeValue takes what stands after an operator. An unquoted value goes on to the
// next blank, or to a parenthesis that closes one opened before the value.
func (p *parser) takeValue(op Op) (string, error) {
	switch p.next() {
	case 0:
		return "", p.errorAt(p.offset, `a value is missing after "%s"`, op)
	case '"':
		return p.takeQuoted()
	case '=', '<', '>':
		return "", p.errorAt(p.offset, `a value is missing between "%s" and "%c"`, op, p.text[p.offset])
	}
	start, inside := p.offset, 0
scan:
	for p.offset < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.offset:])
		switch {
		case unicode.IsSpace(r) || r == '"':
			break scan
		case r == '(':
			inside++
		case r == ')':
			if inside == 0 && p.open > 0 {
				break scan
			}
			inside--
		}
		p.offset += size
	}
	if p.offset == start {
		return "", p.errorAt(start, `a value is missing after "%s"`, op)
	}
	return p.text[start:p.offset], nil
}
