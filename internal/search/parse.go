package search

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads a search text for a kind. Every error is a [*SyntaxError].
func Parse(text string, kind *Kind) (*Query, error) {
	p := &parser{kind: kind, text: text}
	if len(text) > MaxLength {
		return nil, &SyntaxError{Position: 1, Message: "it is longer than " + strconv.Itoa(MaxLength) + " bytes"}
	}
	if !utf8.ValidString(text) {
		return nil, &SyntaxError{Position: 1, Message: "it is not valid UTF-8"}
	}
	if err := p.prefix(); err != nil {
		return nil, err
	}
	q := &Query{}
	var err error
	if p.next() != 0 && !isEnd(p.peekWord()) {
		if q.Where, err = p.beside(); err != nil {
			return nil, err
		}
	}
	if q.Sort, err = p.sort(); err != nil {
		return nil, err
	}
	if q.Page, err = p.page(); err != nil {
		return nil, err
	}
	if p.next() != 0 {
		return nil, p.errorAt(p.offset, `nothing may follow here, but "%s" does`, shorten(p.text[p.offset:]))
	}
	if depth(q.Where) > MaxParentheses {
		return nil, p.tooDeep(0)
	}
	return q, nil
}

func (p *parser) tooDeep(offset int) error {
	return p.errorAt(offset, "conditions nest deeper than %d levels", MaxParentheses)
}

// prefix passes over "VMs:". Other words with a colon in them are for searching
// (addresses, for instance) unless they read like a prefix.
func (p *parser) prefix() error {
	p.skipBlanks()
	word, after, found := strings.Cut(p.text[p.offset:], ":")
	name := strings.TrimSpace(word)
	switch {
	case !found || name == "" || strings.ContainsFunc(name, notLetter):
		return nil
	case p.kind.isPrefix(name):
		p.offset = len(p.text) - len(after)
		return nil
	case after == "" || after[0] == ' ':
		return p.errorAt(p.offset, `this collection has %s, not "%s"`, p.kind.Name, shorten(name))
	}
	return nil
}

func notLetter(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// beside reads conditions that stand side by side, which all have to hold. Doing
// so last of all is the engine's rule: `a or b c` is `(a or b) and c`.
func (p *parser) beside() (Node, error) {
	return p.list(func() bool {
		return p.next() != 0 && p.next() != ')' && !isEnd(p.peekWord())
	}, p.or, and)
}

func (p *parser) or() (Node, error) {
	return p.list(func() bool { return p.takeKeyword("or") }, p.and, or)
}

func (p *parser) and() (Node, error) {
	return p.list(func() bool { return p.takeKeyword("and") }, p.condition, and)
}

// list reads one or more nodes and joins them.
func (p *parser) list(another func() bool, read func() (Node, error), join func([]Node) Node) (Node, error) {
	var nodes []Node
	for {
		node, err := read()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
		if !another() {
			return join(nodes), nil
		}
	}
}

// and joins nodes, dissolving what is an And already, so that equal queries are
// equal trees.
func and(nodes []Node) Node {
	if len(nodes) == 1 {
		return nodes[0]
	}
	var flat And
	for _, node := range nodes {
		if inner, ok := node.(And); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, node)
		}
	}
	return flat
}

func or(nodes []Node) Node {
	if len(nodes) == 1 {
		return nodes[0]
	}
	var flat Or
	for _, node := range nodes {
		if inner, ok := node.(Or); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, node)
		}
	}
	return flat
}

func (p *parser) condition() (Node, error) {
	p.conditions++
	if p.conditions > MaxConditions {
		return nil, p.errorAt(p.offset, "there are more than %d conditions", MaxConditions)
	}
	switch c := p.next(); c {
	case 0:
		return nil, p.errorAt(p.offset, "a condition is missing at the end")
	case '(':
		return p.group()
	case ')':
		return nil, p.errorAt(p.offset, `a condition is missing before ")"`)
	case '"':
		return p.quotedWord()
	}
	start := p.offset
	word := p.peekWord()
	if word == "" {
		return nil, p.errorAt(start, `a field name is missing before "%s"`, p.takeOp())
	}
	if isKeyword(word) {
		return nil, p.errorAt(start, `a condition is missing before "%s"`, word)
	}
	p.offset += len(word)
	op := p.takeOp()
	if op == "" {
		return FreeText{Op: Equal, Word: word}, nil
	}
	return p.comparison(start, word, op)
}

func (p *parser) group() (Node, error) {
	start := p.offset
	p.conditions-- // a group is not a condition itself
	p.offset++
	p.open++
	if p.open > MaxParentheses {
		return nil, p.tooDeep(start)
	}
	node, err := p.beside()
	if err != nil {
		return nil, err
	}
	if p.next() != ')' {
		return nil, p.errorAt(start, "the closing parenthesis is missing")
	}
	p.offset++
	p.open--
	return node, nil
}

func (p *parser) quotedWord() (Node, error) {
	start := p.offset
	word, err := p.takeQuoted()
	if err != nil {
		return nil, err
	}
	if op := p.takeOp(); op != "" {
		return nil, p.errorAt(start, `the field name before "%s" must not be in quotes`, op)
	}
	return FreeText{Op: Equal, Word: word}, nil
}

// comparison reads the value and makes sure that field, operator and value fit.
func (p *parser) comparison(start int, name string, op Op) (Node, error) {
	field, known := p.kind.Field(name)
	words := p.kind.Free(name)
	if !known && len(words) == 0 {
		return nil, p.errorAt(start, `%s have no field "%s"`, p.kind.Name, shorten(name))
	}
	opEnd := p.offset
	value, err := p.takeValue(op)
	if err != nil {
		return nil, err
	}
	if !known {
		if op != Equal && op != NotEqual {
			return nil, p.errorAt(opEnd-len(op), `words are looked for with "=" and "!=", not with "%s"`, op)
		}
		return FreeText{Object: words[0].object(), Op: op, Word: value}, nil
	}
	if !field.allows(op) {
		return nil, p.errorAt(opEnd-len(op), `"%s" can be compared with "=" and "!=", not with "%s"`, field.Name, op)
	}
	if wrong := field.refuses(op, value); wrong != "" {
		return nil, p.errorAt(start, `"%s" %s, not with "%s"`, field.Name, wrong, shorten(value))
	}
	return Comparison{Field: field.Name, Op: op, Value: value}, nil
}

func (f *Field) allows(op Op) bool {
	switch f.Type {
	case Text, Bool:
		return op == Equal || op == NotEqual
	case Enum:
		return f.Ordered || op == Equal || op == NotEqual
	default:
		return true
	}
}

// refuses says what the field is compared with instead of such a value. Words that
// an enum does not have are accepted, and match nothing (reference v3, 1.8).
func (f *Field) refuses(op Op, value string) string {
	if isNull(value) && (op == Equal || op == NotEqual) {
		return ""
	}
	switch f.Type {
	case Number:
		if _, err := ParseNumber(value); err != nil {
			return "is compared with a number"
		}
	case Date:
		if !isDate(value) {
			return "is compared with a date such as 12/31/2016, today, yesterday or monday"
		}
	case Duration:
		if _, err := ParseDuration(value); err != nil {
			return "is compared with a duration such as 90m, 01:30 or 2.12:00:00"
		}
	}
	return ""
}

// isNull tells whether a value asks for rows that have none: "" or null.
func isNull(value string) bool {
	return value == "" || strings.EqualFold(value, "null")
}

func (p *parser) sort() (*Sort, error) {
	if !p.takeKeyword("sortby") {
		return nil, nil
	}
	name := p.peekWord()
	if name == "" {
		return nil, p.errorAt(p.offset, `a field name is missing after "sortby"`)
	}
	field, known := p.kind.Field(name)
	if !known {
		return nil, p.errorAt(p.offset, `%s have no field "%s"`, p.kind.Name, shorten(name))
	}
	p.offset += len(name)
	s := &Sort{Field: field.Name}
	if !p.takeKeyword("asc") {
		s.Descending = p.takeKeyword("desc")
	}
	return s, nil
}

func (p *parser) page() (int, error) {
	if !p.takeKeyword("page") {
		return 0, nil
	}
	word := p.peekWord()
	number, err := strconv.ParseUint(word, 10, 31)
	if err != nil || number == 0 {
		return 0, p.errorAt(p.offset, `"page" needs a number from 1 on, not "%s"`, shorten(word))
	}
	p.offset += len(word)
	return int(number), nil
}
