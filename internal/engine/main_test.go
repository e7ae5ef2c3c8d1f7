package engine_test

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// update rewrites the golden files.
var update = flag.Bool("update", false, "rewrite the golden files")

// soak asks for the long schedules.
var soak = os.Getenv("VIREO_SOAK") != ""

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
