/**
 * @generated SignedSource<<a042056cdfd76f2e564cf39cf152aaee>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ReaderFragment } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type PostScreen_likes$data = {
  readonly id: string;
  readonly likeCount: number | null | undefined;
  readonly viewerHasLiked: boolean;
  readonly " $fragmentType": "PostScreen_likes";
};
export type PostScreen_likes$key = {
  readonly " $data"?: PostScreen_likes$data;
  readonly " $fragmentSpreads": FragmentRefs<"PostScreen_likes">;
};

const node: ReaderFragment = {
  "argumentDefinitions": [],
  "kind": "Fragment",
  "metadata": {
    "throwOnFieldError": true
  },
  "name": "PostScreen_likes",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "id",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "likeCount",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "viewerHasLiked",
      "storageKey": null
    }
  ],
  "type": "Post",
  "abstractKey": null
};

(node as any).hash = "6c82ffc866edcf657829ced01ec76521";

export default node;
