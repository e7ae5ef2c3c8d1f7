package libvirt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// longestPicture bounds what a host may send of a display, in bytes: 4096 by 4096 dots
// of three colours, and a head.
const longestPicture = 3*4096*4096 + 64

// Screenshot has QEMU make a picture, which comes as a portable pixmap or, from newer
// ones, as PNG.
func (h *hypervisor) Screenshot(ctx context.Context, id model.ID) ([]byte, error) {
	const doing = "taking a picture of the display"
	definition, err := h.devices(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(definition.Devices.Graphics) == 0 {
		return nil, refuse(host.RefusedUnsupported, "the guest has no display")
	}
	taken, err := h.picture(ctx, id, doing)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(taken, []byte("\x89PNG\r\n\x1a\n")) {
		if !bytes.Contains(taken[max(0, len(taken)-12):], []byte("IEND")) {
			return nil, unreachable(doing, io.ErrUnexpectedEOF)
		}
		return taken, nil
	}
	picture, err := readPixmap(taken)
	if err != nil {
		return nil, refuse(host.RefusedOther, "%s: %v", doing, err)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, picture); err != nil {
		return nil, refuse(host.RefusedOther, "%s: %v", doing, err)
	}
	return out.Bytes(), nil
}

// picture takes it over a connection of its own: the library does not take streams to
// their end, which would hold up the calls behind it.
func (h *hypervisor) picture(ctx context.Context, id model.ID, doing string) ([]byte, error) {
	leave, err := h.gates.enter(ctx, gateKey{guest: id})
	if err != nil {
		return nil, gaveUp(ctx, doing)
	}
	line, err := openStreamLink(ctx, h.target)
	if err != nil {
		leave()
		return nil, err
	}
	type result struct {
		text []byte
		err  error
	}
	taken := make(chan result, 1)
	began := h.inBackground(func() {
		defer leave()
		defer h.closeWithHost(line)()
		var out bytes.Buffer
		_, err := line.rpc.DomainScreenshot(domainOf(id), &limitedWriter{to: &out, left: longestPicture}, 0, 0)
		line.close()
		line.wait()
		if _, refused := errors.AsType[libvirt.Error](err); !refused && out.Len() > 0 {
			err = nil // it looks for the answer behind the stream, where it is not
		}
		taken <- result{out.Bytes(), err}
	})
	if !began {
		line.close()
		leave()
		return nil, unreachable(doing, errClosed)
	}
	select {
	case done := <-taken:
		return done.text, sortOut(doing, done.err)
	case <-ctx.Done():
		line.close()
		return nil, gaveUp(ctx, doing)
	}
}

// readPixmap reads the form of pixmap that QEMU writes: P6 with a byte per colour.
func readPixmap(text []byte) (image.Image, error) {
	var width, height, most int
	in := bytes.NewReader(text)
	if _, err := fmt.Fscanf(in, "P6\n%d %d\n%d", &width, &height, &most); err != nil {
		return nil, fmt.Errorf("it is no pixmap: %w", err)
	}
	_, _ = in.ReadByte() // the one blank behind the head
	dots := text[len(text)-in.Len():]
	if width <= 0 || height <= 0 || most != 255 || width > longestPicture || height > longestPicture || len(dots) != 3*width*height {
		return nil, fmt.Errorf("it is not whole, or too large: %d by %d dots in %d bytes", width, height, len(dots))
	}
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := 0; i < width*height; i++ {
		copy(picture.Pix[4*i:], dots[3*i:3*i+3])
		picture.Pix[4*i+3] = 0xff
	}
	return picture, nil
}
