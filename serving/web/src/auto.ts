/** For pages without code of their own: defines <comrec-img>, upgrades <img data-comrec>. */

// The library's own file, so that both share one worker.
import { defineComrecImage, upgradeImages } from "comrec";

defineComrecImage();
upgradeImages(document);
