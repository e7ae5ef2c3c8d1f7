package main

import (
	"math"
	"slices"
	"time"
)

// median is the middle value; NaN of none.
func median(values []float64) float64 { return percentile(values, 50) }

// percentile is the value that so many of a hundred do not exceed, with a
// straight line between neighbours.
func percentile(values []float64, percent float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	place := percent / 100 * float64(len(sorted)-1)
	low := int(place)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (place-float64(low))*(sorted[low+1]-sorted[low])
}

// times are measured durations.
type times []time.Duration

func (t times) at(percent float64) time.Duration {
	values := make([]float64, len(t))
	for i, d := range t {
		values[i] = float64(d)
	}
	return time.Duration(percentile(values, percent))
}

func (t times) middle() string { return milliseconds(t.at(50)) }

// over gives the ratios of two series that were measured in turns.
func (t times) over(other times) []float64 {
	ratios := make([]float64, min(len(t), len(other)))
	for i := range ratios {
		ratios[i] = float64(t[i]) / float64(other[i])
	}
	return ratios
}

// inTurns has both sides do it in turn, and each begin every other pair: what the one
// leaves behind meets the other as often. A first pair does not count.
func inTurns(pairs int, ours, theirs func() (time.Duration, error)) (our, their times, err error) {
	for pair := range pairs + 1 {
		var took [2]time.Duration
		for turn := range 2 {
			side := (turn + pair) % 2
			if took[side], err = [2]func() (time.Duration, error){ours, theirs}[side](); err != nil {
				return nil, nil, err
			}
		}
		if pair > 0 {
			our, their = append(our, took[0]), append(their, took[1])
		}
	}
	return our, their, nil
}
