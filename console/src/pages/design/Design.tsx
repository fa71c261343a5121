/** The design language, in the console itself: what each sign means, with the real components. */
import { Notice } from "../../ui/Notice";
import { Page } from "../../ui/Page";
import { Formats } from "./Formats";
import { Moods } from "./Moods";
import { Signs } from "./Signs";
import { Timely } from "./Timely";

export function Design() {
  return (
    <Page title="Design" lead="Signs, and what they mean. For those who read the console, and those who build it.">
      <Notice title="Everything on this page is an example">
        The components are the real ones. The data is invented, and none of it is on your server.
      </Notice>
      <Signs />
      <Timely />
      <Moods />
      <Formats />
    </Page>
  );
}
