package libvirt

import (
	"image/color"
	"testing"
)

func TestPixmaps(t *testing.T) {
	picture, err := readPixmap([]byte("P6\n2 1\n255\n\x01\x02\x03\x20\x05\x06"))
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.At(1, 0); got != (color.NRGBA{0x20, 5, 6, 0xff}) || picture.Bounds().Dx() != 2 {
		t.Errorf("the second dot is %v of %v", got, picture.Bounds())
	}
	for _, wrong := range []string{
		"", "P5\n1 1\n255\n\x00", "P6\n1 1\n255\n\x00", "P6\n-1 -1\n255\n\x00\x00\x00", "P6\n1 1\n65535\n\x00\x00\x00",
		"P6\n4611686018427387904 4\n255\n", "P6\n99999999999999999999 1\n255\n",
	} {
		if _, err := readPixmap([]byte(wrong)); err == nil {
			t.Errorf("%q is a picture", wrong)
		}
	}
}
