package auth

import "time"

// familiarFor is how long a user stays familiar at an address.
const familiarFor = 24 * time.Hour

// counts are the wrong passwords, counted three ways: per user and address, per
// address, and per user. The wide ones do not concern a user who is familiar at an
// address, since anybody could lock out everybody with them.
type counts struct {
	pairs, addresses, users *guesses
	familiar                *remembered
}

func newCounts(options LockOptions) *counts {
	return &counts{
		pairs: newGuesses(options), addresses: newGuesses(options.wide()), users: newGuesses(options.wide()),
		familiar: newRemembered(familiarFor, options.Places),
	}
}

// spot is where a wrong password counts.
type spot struct {
	pair, address, user mark
	credential          mark
}

// counted is a count with the place in it.
type counted struct {
	in    *guesses
	place mark
}

func (c *counts) of(at spot) []counted {
	if c.familiar.has(at.pair) {
		return []counted{{c.pairs, at.pair}}
	}
	return []counted{{c.pairs, at.pair}, {c.addresses, at.address}, {c.users, at.user}}
}

// check says what needs no trying, as [guesses.check] does.
func (c *counts) check(at spot) (knownWrong bool, err error) {
	for _, each := range c.of(at) {
		if knownWrong, err = each.in.check(each.place, at.credential); knownWrong || err != nil {
			return knownWrong, err
		}
	}
	return false, nil
}

// begin asks for a try; unless it is known or refused, end is to be called with
// the result, and says for how long it has locked somebody out.
func (c *counts) begin(at spot) (end func(outcome) time.Duration, knownWrong bool, err error) {
	begun := make([]counted, 0, 3)
	end = func(result outcome) (locked time.Duration) {
		for _, each := range begun {
			locked = max(locked, each.in.end(each.place, at.user, at.credential, result, each.in == c.pairs))
		}
		if result == right {
			c.familiar.add(at.pair)
		}
		return locked
	}
	for _, each := range c.of(at) {
		if knownWrong, err = each.in.begin(each.place, at.credential); knownWrong || err != nil {
			end(unverified)
			return nil, knownWrong, err
		}
		begun = append(begun, each)
	}
	return end, false, nil
}

// forget forgives all that was counted of a user. What was counted of addresses
// stays.
func (c *counts) forget(user mark) {
	c.pairs.forget(user)
	c.users.forget(user)
}
