package v3

import (
	"fmt"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// The words that version 3 accepts, in the order in which refusals and the
// capabilities list them. Comparison ignores case.
var (
	vmTypes             = []model.VMType{model.VMTypeDesktop, model.VMTypeServer}
	cpuModes            = []model.CPUMode{model.CPUModeCustom, model.CPUModeHostModel, model.CPUModeHostPassthrough}
	architectures       = []model.Architecture{model.ArchitectureUndefined, model.ArchitectureX8664, model.ArchitecturePPC64}
	bootDevices         = []model.BootDevice{model.BootCDROM, model.BootHardDisk, model.BootNetwork}
	displayTypes        = []model.DisplayType{model.DisplayVNC, model.DisplaySPICE}
	disconnectActions   = []model.DisconnectAction{model.DisconnectNone, model.DisconnectLockScreen, model.DisconnectLogout, model.DisconnectReboot, model.DisconnectShutdown}
	usbTypes            = []model.USBType{model.USBLegacy, model.USBNative}
	serialPolicies      = []model.SerialNumberPolicy{model.SerialNumberHost, model.SerialNumberVM, model.SerialNumberCustom}
	affinities          = []model.VMAffinity{model.AffinityMigratable, model.AffinityUserMigratable, model.AffinityPinned}
	nicInterfaces       = []model.NICInterface{model.NICE1000, model.NICVirtio, model.NICRTL8139, model.NICRTL8139Virtio}
	diskInterfaces      = []model.DiskInterface{model.DiskIDE, model.DiskVirtio, model.DiskVirtioSCSI}
	diskFormats         = []model.DiskFormat{model.DiskCOW, model.DiskRaw}
	rngSources          = []string{"random", "hwrng"}
	ssoMethods          = []string{"guest_agent"}
	inheritableBooleans = []string{"true", "false", "inherit"}
	numaTuneModes       = []string{"strict", "interleave", "preferred"}
	hostStatuses        = []model.HostStatus{
		model.HostDown, model.HostError, model.HostMaintenance, model.HostNonOperational, model.HostNonResponsive,
		model.HostPreparingForMaintenance, model.HostConnecting, model.HostUnassigned, model.HostUp,
		model.HostInitializing, model.HostInstalling, model.HostInstallFailed, model.HostPendingApproval, model.HostReboot,
		model.HostInstallingOS, model.HostKdumping,
	}
	domainTypes    = []model.StorageDomainType{model.StorageDomainData, model.StorageDomainISO, model.StorageDomainExport}
	domainStatuses = []model.StorageDomainStatus{
		model.StorageDomainActive, model.StorageDomainInactive, model.StorageDomainLocked, model.StorageDomainUnattached,
		model.StorageDomainMaintenance, model.StorageDomainPreparing, model.StorageDomainDetaching, model.StorageDomainStarting,
	}
	storageTypes     = []model.StorageType{model.StorageNFS, model.StorageLocalFS, model.StoragePosixFS}
	pauseDetails     = []model.PauseDetail{model.PauseNone, model.PauseEOther, model.PauseEIO, model.PauseENoSpc, model.PauseEPerm, model.PauseNoError}
	diskStatuses     = []model.DiskStatus{model.DiskIllegal, model.DiskLocked, model.DiskOK}
	stepTypes        = []model.StepType{model.StepValidating, model.StepExecuting, model.StepFinalizing, model.StepUnknown}
	bootProtocols    = []model.BootProtocol{model.BootProtocolDHCP, model.BootProtocolStatic, model.BootProtocolNone}
	payloadTypes     = []model.PayloadType{model.PayloadCDROM, model.PayloadFloppy}
	payloadEncodings = []string{base64Encoding, plainEncoding}
	onErrorWords     = []string{"migrate", "do_not_migrate", "migrate_highly_available"}
)

// member finds text among the words of an enumeration, in any case, and refuses
// what is not there with the documented sentence (api-v3 5.2). The name of the
// enumeration is the one that clients know.
func member[T ~string](enum string, words []T, text string) (T, error) {
	for _, word := range words {
		if strings.EqualFold(string(word), text) {
			return word, nil
		}
	}
	return "", fault.Bad("Invalid value", fmt.Sprintf("%s is not a member of %s. Possible values for %s are: %s",
		shorten(text), enum, enum, strings.Join(texts(words), ", ")))
}

// setMember stores the word that text names, if there is a text.
func setMember[T ~string](to *T, enum string, words []T, text *string) error {
	if text == nil {
		return nil
	}
	word, err := member(enum, words, *text)
	if err == nil {
		*to = word
	}
	return err
}

// set stores a value that the request has.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = string(word)
	}
	return out
}

// shorten keeps what a sender wrote from filling a refusal.
func shorten(text string) string {
	runes := []rune(text)
	if len(runes) > 64 {
		return string(runes[:64]) + "…"
	}
	return text
}
