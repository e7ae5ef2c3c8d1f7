package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// ReadJSON reads a JSON object into shape, a pointer to a struct, which is emptied
// first. Unknown members are passed over and null means absent; numbers and
// booleans may come bare or as strings, dates as milliseconds or as ISO text.
// Whatever is wrong with the body is an [*Error], and shape is then in no defined
// state.
func ReadJSON(body io.Reader, shape any, limits Limits) error {
	limits = limits.withDefaults()
	v, p := intoShape(shape)
	data, err := readAll(body, limits)
	if err == nil {
		err = checkUTF8(data)
	}
	if err != nil {
		return err
	}
	r := &jsonReader{
		decoder: json.NewDecoder(bytes.NewReader(data)),
		budget:  limits.budget(),
	}
	// Depth is looked at before anything is parsed, since the decoder's own limit
	// reads as a syntax error.
	if err := r.budget.checkDepth(jsonDepth(data)); err != nil {
		return err
	}
	// What is malformed at its end is found out before anything is made of the
	// rest, and much quicker.
	if err := checkSyntax(data); err != nil {
		return err
	}
	r.decoder.UseNumber()
	return r.document(p, v)
}

func checkSyntax(data []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	switch {
	case !ok:
		return nil
	case syntax.Offset >= int64(len(data)) && strings.Contains(syntax.Error(), "unexpected end"):
		return problem(Malformed, "The JSON body is malformed: unexpected end.")
	case strings.Contains(syntax.Error(), "after top-level value"):
		return problem(Malformed, "The JSON body goes on after its end.")
	}
	return problem(Malformed, "The JSON body is malformed at byte %d: %s.", syntax.Offset, shorten(syntax.Error()))
}

// jsonDepth returns how deep objects and arrays nest, as far as brackets tell.
func jsonDepth(data []byte) int {
	depth, deepest := 0, 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		}
	}
	return deepest
}

type jsonReader struct {
	decoder *json.Decoder
	budget  budget
}

func (r *jsonReader) document(p *plan, v reflect.Value) error {
	token, err := r.next()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return problem(WrongRoot, "The JSON body is %s, it should be an object.", nameOf(token))
	}
	return r.object(p, v)
}

func (r *jsonReader) next() (json.Token, error) {
	if err := r.budget.take(1); err != nil {
		return nil, err
	}
	token, err := r.decoder.Token()
	if err != nil { // the syntax was checked, but not for the ranges of values
		return nil, problem(Malformed, "The JSON body is malformed near byte %d.", r.decoder.InputOffset())
	}
	return token, nil
}

// object reads members up to and with the closing brace.
func (r *jsonReader) object(p *plan, v reflect.Value) error {
	for {
		key, err := r.next()
		if err != nil {
			return err
		}
		if key == json.Delim('}') {
			return nil
		}
		name, _ := key.(string)
		token, err := r.next()
		if err != nil {
			return err
		}
		f := p.memberNamed[name]
		switch {
		case f == nil:
			err = r.skip(token)
		case token == nil:
			f.in(v).SetZero()
		case f.slice:
			f.in(v).SetZero()
			err = at(name, r.array(f, v, token))
		default:
			err = at(name, r.value(f, v, token))
		}
		if err != nil {
			return err
		}
	}
}

func (r *jsonReader) array(f *field, v reflect.Value, token json.Token) error {
	if token != json.Delim('[') {
		return invalid("Member %q is %s, it should be an array", f.name, nameOf(token))
	}
	for {
		token, err := r.next()
		if err != nil || token == json.Delim(']') {
			return err
		}
		if token == nil {
			continue
		}
		if err := r.value(f, v, token); err != nil {
			return err
		}
	}
}

// value reads the value that token begins, which is not null.
func (r *jsonReader) value(f *field, v reflect.Value, token json.Token) error {
	if f.kind == structKind {
		if token != json.Delim('{') {
			return invalid("Member %q is %s, it should be an object", f.name, nameOf(token))
		}
		target, err := r.budget.place(f, v)
		if err != nil {
			return err
		}
		return r.object(f.plan, target)
	}
	target, err := r.budget.place(f, v)
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case string:
		return r.text(f, target, token)
	case json.Number:
		return r.text(f, target, token.String())
	case bool:
		return f.set(target, strconv.FormatBool(token))
	default:
		return invalid("Member %q is %s, it should be a single value", f.name, nameOf(token))
	}
}

// text differs from XML in dates alone, which are milliseconds in JSON.
func (r *jsonReader) text(f *field, target reflect.Value, text string) error {
	if f.kind == dateKind {
		if millis, err := strconv.ParseInt(text, 10, 64); err == nil {
			date, err := dateOfMillis(millis)
			target.Set(reflect.ValueOf(date))
			return err
		}
	}
	return f.set(target, text)
}

// skip passes over the value that token begins.
func (r *jsonReader) skip(token json.Token) error {
	for depth := 0; ; {
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		var err error
		if token, err = r.next(); err != nil {
			return err
		}
	}
}

func nameOf(token json.Token) string {
	switch token {
	case json.Delim('{'):
		return "an object"
	case json.Delim('['):
		return "an array"
	case nil:
		return "null"
	}
	switch token.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	default:
		return "a boolean"
	}
}
